"""Colourisation in Lab: G is given the lightness, and makes the two axes of colour alone.

The ranges are those of the authors: L / 50 - 1, a / 110 and b / 110.
"""

import torch
from torch import Tensor

from ganzoo.artifacts.colour import from_lab, to_lab


def lightness(gray: Tensor) -> Tensor:
    """Of gray images (n, 1, height, width), of sRGB in [-1, 1]; likewise."""
    return to_lab((gray.expand(-1, 3, -1, -1) + 1) / 2)[:, :1] / 50 - 1


def colours(image: Tensor) -> Tensor:
    """Of images (n, 3, height, width) in [-1, 1] a and b, (n, 2, height, width) within [-1, 1]."""
    return to_lab((image + 1) / 2)[:, 1:] / 110


def joined(light: Tensor, colour: Tensor) -> Tensor:
    """The image (n, 3, height, width) in [-1, 1] of that lightness and of these colours."""
    return 2 * from_lab(torch.cat((50 * (light + 1), 110 * colour), 1)) - 1
