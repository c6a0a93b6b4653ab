"""sRGB, its light, and CIE Lab: lightness, and two axes of colour.

Of the white D65, as IEC 61966-2-1 and CIE 15 have them. Nothing is clipped on the way to Lab, so
that the way back is exact.
"""

import torch
from torch import Tensor

WHITE = (0.95047, 1.0, 1.08883)
"""X, Y and Z of D65."""
LIGHT = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""X, Y and Z of the light of red, green and blue."""
KNEE = 6 / 29
"""Where the cube root of lightness becomes a line."""


def to_light(rgb: Tensor) -> Tensor:
    """Values of sRGB in [0, 1] as amounts of light in [0, 1], of any shape."""
    least = 0.04045
    bright = ((rgb.clamp(min=least) + 0.055) / 1.055) ** 2.4
    return torch.where(rgb <= least, rgb / 12.92, bright)


def from_light(light: Tensor) -> Tensor:
    """What `to_light` was given."""
    least = 0.0031308
    bright = 1.055 * light.clamp(min=least) ** (1 / 2.4) - 0.055
    return torch.where(light <= least, 12.92 * light, bright)


def luminance(rgb: Tensor) -> Tensor:
    """The gray image of the same lightness: (n, 3, height, width) in [0, 1] to (n, 1, ...)."""
    weights = rgb.new_tensor(LIGHT[1]).view(1, 3, 1, 1)
    return from_light((to_light(rgb) * weights).sum(1, keepdim=True))


def to_lab(rgb: Tensor) -> Tensor:
    """Images of sRGB (n, 3, height, width) in [0, 1] as L in [0, 100] and a and b, about +-100."""
    xyz = _mixed(to_light(rgb), rgb.new_tensor(LIGHT)) / rgb.new_tensor(WHITE).view(1, 3, 1, 1)
    root = xyz.clamp(min=KNEE**3) ** (1 / 3)
    x, y, z = torch.where(xyz > KNEE**3, root, xyz / (3 * KNEE**2) + 4 / 29).unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), 1)


def from_lab(lab: Tensor) -> Tensor:
    """What `to_lab` was given; colours that no screen shows are clipped to [0, 1]."""
    lightness, a, b = lab.unbind(1)
    y = (lightness + 16) / 116
    root = torch.stack((y + a / 500, y, y - b / 200), 1)
    xyz = torch.where(root > KNEE, root**3, 3 * KNEE**2 * (root - 4 / 29))
    inverse = torch.linalg.inv(torch.tensor(LIGHT, dtype=torch.float64)).to(lab)
    light = _mixed(xyz * lab.new_tensor(WHITE).view(1, 3, 1, 1), inverse)
    return from_light(light.clamp(0, 1))


def _mixed(image: Tensor, matrix: Tensor) -> Tensor:
    # As products and a sum, which stay float32 where matrices are multiplied in bf16.
    return (image[:, None] * matrix[:, :, None, None]).sum(2)
