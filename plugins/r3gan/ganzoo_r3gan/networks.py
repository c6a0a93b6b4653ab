"""R3GAN's networks (Huang et al. 2024, section 3): two ResNets that mirror each other.

A residual block is a 1x1, a grouped 3x3 and a 1x1 convolution with a bias and a LeakyReLU between
them, and nothing else: no normalisation, and no activation on the trunk. The last convolution of a
block starts at 0, so that a net starts as its trunk (Zhang et al. 2019, Fixup).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, one_hot

from ganzoo import Discriminator, Generator

EXPANSION = 2
"""Channels within a block, for each on the trunk."""
GROUP = 16
"""Channels that the grouped convolution sees together: in all of the authors' presets."""
SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""What keeps the variance through a LeakyReLU (He et al. 2015)."""
FILTER = (1.0, 3.0, 3.0, 1.0)
"""The low pass of resampling, along each axis (Karras et al. 2020)."""


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


@torch.no_grad()
def scaled(layer: Layer, gain: float = 1.0) -> Layer:
    """The layer with weights N(0, gain² / fan-in)."""
    layer.weight.normal_(0, gain / math.sqrt(layer.weight[0].numel()))
    return layer


def conv(
    inputs: int, outputs: int, kernel: int = 1, *, groups: int = 1, gain: float = 1.0
) -> nn.Conv2d:
    """A convolution that keeps the size, without a bias."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    return scaled(layer, gain)


class BiasedActivation(nn.Module):
    """A bias a channel and a LeakyReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps: Tensor) -> Tensor:
        return leaky_relu(maps + self.bias.view(-1, 1, 1), SLOPE)


class ResidualBlock(nn.Module):
    """x + W₃ φ(W₂ φ(W₁ x)), of which W₂ is grouped.

    Args:
        channels: on the trunk.
        depth: residual blocks of the whole net, L: each is scaled by L^(-1/4), as the three
            convolutions of a block share L^(-1/2) between the two that do not start at 0.
    """

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        inner, gain = EXPANSION * channels, GAIN * depth**-0.25
        self.branch = nn.Sequential(
            conv(channels, inner, gain=gain),
            BiasedActivation(inner),
            conv(inner, inner, 3, groups=inner // GROUP, gain=gain),
            BiasedActivation(inner),
            conv(inner, channels, gain=0),
        )

    def forward(self, maps: Tensor) -> Tensor:
        branch: Tensor = self.branch(maps)
        return maps + branch


class Resample(nn.Module):
    """Twice or half the size, by a low pass that every channel gets alike."""

    kernel: Tensor

    def __init__(self, *, up: bool) -> None:
        super().__init__()
        low_pass = torch.tensor(FILTER)
        kernel = torch.outer(low_pass, low_pass) / low_pass.sum() ** 2
        self.register_buffer("kernel", (4 * kernel if up else kernel)[None, None], persistent=False)
        self._resample = conv_transpose2d if up else conv2d

    def forward(self, maps: Tensor) -> Tensor:
        channels = maps.shape[1]
        kernel = self.kernel.to(maps.dtype).expand(channels, 1, -1, -1)
        return self._resample(maps, kernel, stride=2, padding=1, groups=channels)


def blocks(channels: int, count: int, depth: int) -> list[nn.Module]:
    """The residual blocks of one size."""
    return [ResidualBlock(channels, depth) for _ in range(count)]


def embedded(label: Tensor, embedding: nn.Linear) -> Tensor:
    """The embeddings (n, dim) of labels (n,)."""
    found: Tensor = embedding(one_hot(label, embedding.in_features).to(embedding.weight.dtype))
    return found


class R3Generator(Generator):
    """A learned constant that z scales channel by channel, then stages of growing size.

    Args:
        latent_dim: of z, and of the embedding of labels.
        widths: channels of each stage, from the smallest maps to the image.
        smallest: (height, width) of the smallest maps.
        channels: of the image.
        count: residual blocks a stage.
        classes: of labels that it is told; 0: none.
        patch: pixels a side of what the last stage makes at each of its positions.
    """

    def __init__(
        self,
        latent_dim: int,
        widths: Sequence[int],
        smallest: tuple[int, int],
        channels: int,
        count: int,
        classes: int = 0,
        patch: int = 1,
    ) -> None:
        super().__init__()
        depth = count * len(widths)
        self.constant = nn.Parameter(torch.randn(widths[0], *smallest))
        told = latent_dim if classes else 0
        self.scale = scaled(nn.Linear(latent_dim + told, widths[0], bias=False))
        self.embedding = scaled(nn.Linear(classes, told, bias=False)) if classes else None
        layers = blocks(widths[0], count, depth)
        for before, width in pairwise(widths):
            layers += [conv(before, width)] if before != width else []
            layers += [Resample(up=True), *blocks(width, count, depth)]
        layers += [conv(widths[-1], channels * patch**2), nn.PixelShuffle(patch)]
        self.stages = nn.Sequential(*layers)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        if self.embedding is not None:
            assert label is not None
            latent = torch.cat([latent, embedded(label, self.embedding)], dim=1)
        image: Tensor = self.stages(self.constant * self.scale(latent)[:, :, None, None])
        return image


class R3Discriminator(Discriminator):
    """The generator's mirror image; labels are judged by an inner product (Miyato & Koyama 2018).

    Args:
        widths: channels of each stage, from the image to the smallest maps.
        smallest: (height, width) of the smallest maps.
        channels: of the image.
        count: residual blocks a stage.
        classes: of labels that it is told; 0: none.
        patch: pixels a side of what the first stage sees at each of its positions.
    """

    def __init__(
        self,
        widths: Sequence[int],
        smallest: tuple[int, int],
        channels: int,
        count: int,
        classes: int = 0,
        patch: int = 1,
    ) -> None:
        super().__init__()
        depth, last = count * len(widths), widths[-1]
        layers = [nn.PixelUnshuffle(patch), conv(channels * patch**2, widths[0])]
        layers += blocks(widths[0], count, depth)
        for before, width in pairwise(widths):
            layers += [Resample(up=False)]
            layers += [conv(before, width)] if before != width else []
            layers += blocks(width, count, depth)
        whole = scaled(nn.Conv2d(last, last, smallest, groups=last, bias=False))
        self.stages = nn.Sequential(*layers, whole, nn.Flatten())
        dim = last if classes else 1
        self.verdict = scaled(nn.Linear(last, dim, bias=False))
        self.embedding = None
        if classes:
            self.embedding = scaled(nn.Linear(classes, dim, bias=False), 1 / math.sqrt(dim))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        verdict: Tensor = self.verdict(self.stages(image))
        if self.embedding is None:
            return verdict.squeeze(1)
        assert label is not None
        return (verdict * embedded(label, self.embedding)).sum(1)
