"""Twice or half the size through the low pass of StyleGAN2, in pure PyTorch."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

FILTER = (1.0, 3.0, 3.0, 1.0)
"""Along each axis."""


class LowPass(nn.Module):
    """One filter for all maps alike; it keeps what is flat."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        low_pass = torch.tensor(FILTER)
        kernel = torch.outer(low_pass, low_pass) / low_pass.sum() ** 2
        self.register_buffer("kernel", kernel[None, None], persistent=False)

    def forward(self, maps: Tensor, padding: int, stride: int = 1) -> Tensor:
        """Smooth maps; with a stride of 2, half as high and wide where the padding is 1."""
        return conv2d(maps, self._each(maps), stride=stride, padding=padding, groups=maps.shape[1])

    def doubled(self, maps: Tensor) -> Tensor:
        """Twice as high and wide: zeros between the pixels, and their sum kept by the filter."""
        kernel = 4 * self._each(maps)
        return conv_transpose2d(maps, kernel, stride=2, padding=1, groups=maps.shape[1])

    def _each(self, maps: Tensor) -> Tensor:
        return self.kernel.to(maps.dtype).expand(maps.shape[1], 1, -1, -1)
