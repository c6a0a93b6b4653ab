"""Images moved by any affine map, as sharply as their pixels allow, and twice differentiable."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganzoo.convnets import ReflectionPad2d

SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""The low-pass filter of the wavelet sym6, of norm 1 and orthogonal to itself moved by 2, 4, ..."""

REACH = 7
"""Pixels of the reflected image beyond each side that are made finer, as the filter needs them."""
_MARGIN = 3
"""Pixels of the result beyond each side, likewise."""


class Transform(nn.Module):
    """Images (n, channels, height, width), of more than 7 pixels a side, moved.

    Each is made twice as fine by the filter, sampled there between four neighbours, and made coarse
    again by the same filter; beyond its sides it is reflected. The identity changes nothing.
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        low_pass = torch.tensor(SYM6)
        kernel = torch.outer(low_pass, low_pass)[None, None]
        self.register_buffer("kernel", kernel, persistent=False)
        self.reflect = ReflectionPad2d(REACH)

    def forward(self, image: Tensor, inverse: Tensor) -> Tensor:
        """The images, moved.

        Args:
            image: what is moved.
            inverse: (n, 3, 3), from places (x, y, 1) in the result to places in the image, in
                pixels from its centre.
        """
        n, channels, height, width = image.shape
        kernel = self.kernel.to(image.dtype)
        single = image.reshape(n * channels, 1, height, width)
        fine = conv_transpose2d(self.reflect(single), kernel, stride=2)
        fine = fine[..., 5:, 5:]  # now index 2 i is where pixel i was
        fine = fine.reshape(n, channels, *fine.shape[2:])
        y, x = (
            part.flatten()
            for part in torch.meshgrid(
                *(_places(side, image.device) for side in (height, width)), indexing="ij"
            )
        )
        places = inverse @ torch.stack((x, y, torch.ones_like(x)))
        fine_x, fine_y = (
            2 * (_reflected(place + (side - 1) / 2, side) + REACH)
            for place, side in ((places[:, 0], width), (places[:, 1], height))
        )
        sampled = _between_four(fine, fine_x, fine_y)
        finer = (2 * (side + 2 * _MARGIN) for side in (height, width))
        sampled = sampled.reshape(n * channels, 1, *finer)[..., 1:-1, 1:-1]
        return conv2d(sampled, kernel, stride=2).reshape(image.shape)

    if TYPE_CHECKING:

        def __call__(self, image: Tensor, inverse: Tensor) -> Tensor: ...


def _places(side: int, device: torch.device) -> Tensor:
    """Of the finer result along a side, in pixels from the centre."""
    return torch.arange(2 * (side + 2 * _MARGIN), device=device) / 2 - _MARGIN - (side - 1) / 2


def _reflected(index: Tensor, side: int) -> Tensor:
    """Indices of pixels, of which those that are far outside are reflected at the first or last."""
    inside = (side - 1) - ((index % (2 * (side - 1))) - (side - 1)).abs()
    far = (index < -_MARGIN) | (index > side - 1 + _MARGIN)
    return torch.where(far, inside, index)


def _between_four(image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Values (n, channels, places) at fractional indices (n, places), by bilinear interpolation.

    By `gather`, since torch cannot differentiate the gradient of `grid_sample`.
    """
    n, channels, _, width = image.shape
    flat = image.flatten(2)
    left, top = x.floor(), y.floor()
    total = torch.zeros((), dtype=image.dtype, device=image.device)
    for down in (0, 1):
        for right in (0, 1):
            share = (1 - (x - left - right).abs()) * (1 - (y - top - down).abs())
            index = ((top + down) * width + left + right).long()
            values = flat.gather(2, index[:, None].expand(n, channels, -1))
            total = total + share[:, None].to(image.dtype) * values
    return total
