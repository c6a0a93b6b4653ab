"""What the ResNets are made of: norms that are told the class, residual blocks and attention."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ganzoo_sngan.spectral import Layers


class Norm(nn.Module):
    """BatchNorm, of which a condition may say scale and shift (Dumoulin et al. 2017).

    Args:
        channels: of the maps.
        gain, shift: conditions (n, ...) to (n, channels): the scale is 1 + gain. Without them both
            are learned and the same for all.
    """

    def __init__(
        self, channels: int, gain: nn.Module | None = None, shift: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.batch_norm = nn.BatchNorm2d(channels, affine=gain is None)
        self.gain, self.shift = gain, shift

    def forward(self, maps: Tensor, condition: Tensor | None) -> Tensor:
        normalised: Tensor = self.batch_norm(maps)
        if self.gain is None or self.shift is None:
            return normalised
        gain: Tensor = self.gain(condition)
        shift: Tensor = self.shift(condition)
        return normalised * (1 + gain[:, :, None, None]) + shift[:, :, None, None]


MakeNorm = Callable[[int], Norm]
"""The norm for so many channels."""


class SelfAttention(nn.Module):
    """x + γ o(x), each place of o being a mean over places that look alike (Zhang et al. 2019).

    As in the authors' code keys and values are pooled, which the paper does not say, and values
    have half the channels; and as in both the scores are not scaled.
    """

    def __init__(self, channels: int, layers: Layers) -> None:
        super().__init__()
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.query = layers.conv(channels, narrow, 1, bias=False)
        self.key = layers.conv(channels, narrow, 1, bias=False)
        self.value = layers.conv(channels, half, 1, bias=False)
        self.out = layers.conv(half, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        query = self.query(maps).flatten(2)
        key = pooled(self.key(maps)).flatten(2)
        value = pooled(self.value(maps)).flatten(2)
        weights = torch.softmax(query.mT @ key, dim=-1)  # eq. 1: over the keys, for each query
        seen = (value @ weights.mT).view(maps.shape[0], -1, *maps.shape[2:])  # eq. 2
        found: Tensor = maps + self.gamma * self.out(seen)  # eq. 3
        return found


def pooled(maps: Tensor) -> Tensor:
    """The greatest of each 2x2: max-pooling, whose gradient CUDA adds up in one order."""
    squares = maps.reshape(*maps.shape[:2], maps.shape[2] // 2, 2, maps.shape[3] // 2, 2)
    return squares.amax((3, 5))


class UpBlock(nn.Module):
    """The generator's: twice the size (Miyato et al. 2018, appendix B.4)."""

    def __init__(
        self, inputs: int, outputs: int, layers: Layers, norm: MakeNorm, *, attends: bool = False
    ) -> None:
        super().__init__()
        self.norm1 = norm(inputs)
        self.conv1 = layers.conv(inputs, outputs, 3, padding=1)
        self.norm2 = norm(outputs)
        self.conv2 = layers.conv(outputs, outputs, 3, padding=1)
        self.shortcut = layers.conv(inputs, outputs, 1)
        self.attention = SelfAttention(outputs, layers) if attends else nn.Identity()

    def forward(self, maps: Tensor, condition: Tensor | None) -> Tensor:
        branch = relu(self.norm1(maps, condition))
        branch = self.conv1(interpolate(branch, scale_factor=2))
        branch = self.conv2(relu(self.norm2(branch, condition)))
        # Four equal pixels have four equal images: convolved first, it is a quarter of the work.
        trunk = interpolate(self.shortcut(maps), scale_factor=2)
        found: Tensor = self.attention(branch + trunk)
        return found


class DownBlock(nn.Module):
    """The discriminator's: half the size, or the same (Miyato et al. 2018, appendix B.4).

    Args:
        inputs, hidden, outputs: channels.
        layers: what it is made of.
        halves: whether the size is halved.
        first: whether it is next to the image, of which no ReLU is taken.
        attends: whether it ends in attention.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        layers: Layers,
        *,
        halves: bool,
        first: bool = False,
        attends: bool = False,
    ) -> None:
        super().__init__()
        self._halves, self._first = halves, first
        self.conv1 = layers.conv(inputs, hidden, 3, padding=1)
        self.conv2 = layers.conv(hidden, outputs, 3, padding=1)
        changes = halves or inputs != outputs
        self.shortcut = layers.conv(inputs, outputs, 1) if changes else nn.Identity()
        self.attention = SelfAttention(outputs, layers) if attends else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        branch = self.conv1(maps if self._first else relu(maps))
        branch = self._pooled(self.conv2(relu(branch)))
        # A mean of convolved pixels is the mean's convolution: pooled first, a quarter of the work.
        found: Tensor = self.attention(branch + self.shortcut(self._pooled(maps)))
        return found

    def _pooled(self, maps: Tensor) -> Tensor:
        return avg_pool2d(maps, 2) if self._halves else maps
