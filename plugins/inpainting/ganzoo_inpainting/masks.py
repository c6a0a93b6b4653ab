"""What is taken from images, drawn on the device in fixed shapes: 1 where a pixel is missing."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d, pad

COARSE = 6
"""Pixels a side of the noise of which random regions are made; the larger, the more there are."""
LEAST, MOST = 0.2, 0.3
"""Share of an image that random regions take, as in the authors' code."""


def centre(image: Tensor) -> Tensor:
    """A square in the middle, half as high and wide: (n, 1, height, width)."""
    height, width = image.shape[2:]
    inside = torch.ones_like(middle(image)[:, :1])
    top, left = height // 4, width // 4
    return pad(inside, (left, width - left - width // 2, top, height - top - height // 2))


def middle(image: Tensor) -> Tensor:
    """What lies there: (n, channels, height // 2, width // 2)."""
    height, width = image.shape[2:]
    top, left = height // 4, width // 4
    return image[:, :, top : top + height // 2, left : left + width // 2]


def random_regions(image: Tensor) -> Tensor:
    """Regions of any form, of another share of each image: (n, 1, height, width).

    They are where smooth noise is greatest, so that nothing has to be drawn again.
    """
    n, _, height, width = image.shape
    coarse = torch.randn(n, 1, COARSE, COARSE, device=image.device)
    noise = interpolate(coarse, (height, width), mode="bicubic").flatten(1)
    share = LEAST + (MOST - LEAST) * torch.rand(n, 1, device=image.device)
    rank = (height * width * (1 - share)).long()
    border = noise.sort(1).values.gather(1, rank)
    return (noise >= border).to(image.dtype).view(n, 1, height, width)


def band_around(missing: Tensor, width: int) -> Tensor:
    """What is known and at most so many pixels away from what is missing."""
    if not width:
        return torch.zeros_like(missing)
    return max_pool2d(missing, 2 * width + 1, 1, width) - missing
