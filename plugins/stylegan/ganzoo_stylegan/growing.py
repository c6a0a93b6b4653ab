"""ProGAN's networks (Karras et al. 2018, table 2), which have a block for each size of image.

A level is how many blocks there are beyond the first, and whether the newest fades in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from ganzoo_stylegan.layers import SLOPE, BatchDeviation, EqualConv, EqualLinear, normalised

GAIN = math.sqrt(2)
"""Of weights before a LeakyReLU (He et al. 2015)."""


class Level(NamedTuple):
    """How far the networks have grown."""

    number: int
    """Blocks beyond the first, in use."""
    fading: bool
    """Whether the newest of them fades in."""


def doubled(maps: Tensor) -> Tensor:
    """Twice as high and wide, each pixel four times."""
    return interpolate(maps, scale_factor=2.0)


def coarser(maps: Tensor) -> Tensor:
    """Half as high and wide, each pixel the mean of four."""
    return avg_pool2d(maps, 2)


def faded(image: Tensor, fade: Tensor) -> Tensor:
    """An image that is as coarse as those of a level that fades in."""
    return torch.lerp(doubled(coarser(image)), image, fade)


class Painted(nn.Module):
    """Two 3x3 convolutions of twice as large maps; every pixel's vector is normalised."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv(inputs, outputs, 3, gain=GAIN)
        self.second = EqualConv(outputs, outputs, 3, gain=GAIN)

    def forward(self, maps: Tensor) -> Tensor:
        maps = normalised(leaky_relu(self.first(doubled(maps)), SLOPE))
        return normalised(leaky_relu(self.second(maps), SLOPE))


class GrowingGenerator(nn.Module):
    """z and a level to images of that level's size, not limited.

    Args:
        latent_dim: of z.
        widths: maps of each size, from the smallest to the image.
        smallest: (height, width) of the smallest.
        channels: of the image.
    """

    fade: Tensor

    def __init__(
        self, latent_dim: int, widths: Sequence[int], smallest: tuple[int, int], channels: int
    ) -> None:
        super().__init__()
        # The gain is that of the authors' code.
        outputs = widths[0] * math.prod(smallest)
        self.linear = EqualLinear(latent_dim, outputs, gain=GAIN / 4, bias=None)
        self.bias = nn.Parameter(torch.zeros(widths[0], 1, 1))
        self.conv = EqualConv(widths[0], widths[0], 3, gain=GAIN)
        self.blocks = nn.ModuleList(Painted(*both) for both in pairwise(widths))
        self.to_image = nn.ModuleList(EqualConv(width, channels, 1) for width in widths)
        self.smallest = smallest
        self.register_buffer("fade", torch.ones(()))

    def forward(self, latent: Tensor, level: Level) -> Tensor:
        maps: Tensor = self.linear(normalised(latent)).unflatten(1, (-1, *self.smallest))
        maps = normalised(leaky_relu(maps + self.bias, SLOPE))
        maps = before = normalised(leaky_relu(self.conv(maps), SLOPE))
        for block in self.blocks[: level.number]:
            before, maps = maps, block(maps)
        image: Tensor = self.to_image[level.number](maps)
        if level.fading:
            coarse = doubled(self.to_image[level.number - 1](before))
            image = torch.lerp(coarse, image, self.fade)
        return image


class Judged(nn.Module):
    """Two 3x3 convolutions, and maps half as large."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv(inputs, inputs, 3, gain=GAIN)
        self.second = EqualConv(inputs, outputs, 3, gain=GAIN)

    def forward(self, maps: Tensor) -> Tensor:
        maps = leaky_relu(self.first(maps), SLOPE)
        return coarser(leaky_relu(self.second(maps), SLOPE))


class GrowingDiscriminator(nn.Module):
    """Images of a level's size to logits (n,): the generator in the mirror.

    Args:
        widths: maps of each size, from the smallest to the image.
        smallest: (height, width) of the smallest.
        channels: of the image.
        group: samples whose deviation is told.
    """

    def __init__(
        self, widths: Sequence[int], smallest: tuple[int, int], channels: int, group: int
    ) -> None:
        super().__init__()
        last = widths[0]
        self.from_image = nn.ModuleList(
            EqualConv(channels, width, 1, gain=GAIN) for width in widths
        )
        self.blocks = nn.ModuleList(Judged(after, width) for width, after in pairwise(widths))
        self.deviation = BatchDeviation(group)
        self.conv = EqualConv(last + 1, last, 3, gain=GAIN)
        self.linear = EqualLinear(last * math.prod(smallest), last, gain=GAIN)
        self.verdict = EqualLinear(last, 1)

    def forward(self, image: Tensor, level: Level, fade: Tensor) -> Tensor:
        maps = self._seen(image, level.number)
        for number in reversed(range(level.number)):
            maps = self.blocks[number](maps)
            if level.fading and number == level.number - 1:
                maps = torch.lerp(self._seen(coarser(image), number), maps, fade)
        maps = leaky_relu(self.conv(self.deviation(maps)), SLOPE)
        features = leaky_relu(self.linear(maps.flatten(1)), SLOPE)
        logits: Tensor = self.verdict(features)
        return logits.squeeze(1)

    def _seen(self, image: Tensor, number: int) -> Tensor:
        return leaky_relu(self.from_image[number](image), SLOPE)
