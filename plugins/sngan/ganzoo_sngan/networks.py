"""The two ResNets (Miyato et al. 2018, appendix B.4), with and without labels and attention."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganzoo import Discriminator, Generator
from ganzoo_sngan.blocks import DownBlock, MakeNorm, Norm, UpBlock
from ganzoo_sngan.designs import Design
from ganzoo_sngan.spectral import PLAIN, SPECTRAL, Embedding, Layers, SpectralEmbedding


def class_norm(classes: int) -> MakeNorm:
    """Norms with a scale and a shift for each label; without labels, BatchNorm."""

    def make(channels: int) -> Norm:
        if not classes:
            return Norm(channels)
        return Norm(channels, Embedding(classes, channels), Embedding(classes, channels))

    return make


class ResNetGenerator(Generator):
    """z -> smallest maps -> blocks, each of which doubles them -> BatchNorm, ReLU, tanh.

    Args:
        latent_dim: of what the smallest maps are made of.
        sides: (height, width) of the smallest maps and of what each block makes.
        widths: their channels.
        channels: of the image.
        norm: makes the norms of the blocks.
        layers: what it is made of.
        attends: the shorter side of the maps that attention looks at; 0: there is none.
    """

    def __init__(
        self,
        latent_dim: int,
        sides: Sequence[tuple[int, int]],
        widths: Sequence[int],
        channels: int,
        norm: MakeNorm,
        layers: Layers = PLAIN,
        attends: int = 0,
    ) -> None:
        super().__init__()
        height, width = sides[0]
        self._smallest = widths[0], height, width
        self.project = layers.linear(latent_dim, widths[0] * height * width)
        self.blocks = nn.ModuleList(
            UpBlock(inputs, outputs, layers, norm, attends=min(side) == attends)
            for (inputs, outputs), side in zip(pairwise(widths), sides[1:], strict=True)
        )
        self.norm = nn.BatchNorm2d(widths[-1])
        self.to_image = layers.conv(widths[-1], channels, 3, padding=1)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.draw(latent, [label] * len(self.blocks))

    def draw(self, latent: Tensor, conditions: Sequence[Tensor | None]) -> Tensor:
        """Images of latents (n, latent_dim), with what the norms of each block are told."""
        maps = self.project(latent).unflatten(1, self._smallest)
        for block, condition in zip(self.blocks, conditions, strict=True):
            maps = block(maps, condition)
        return torch.tanh(self.to_image(relu(self.norm(maps))))


class ResNetDiscriminator(Discriminator):
    """Blocks that halve and then keep the size -> ReLU, sums over all places -> a linear unit.

    All layers are spectrally normalised. Labels are judged by projection (Miyato & Koyama 2018).

    Args:
        sides: (height, width) of G's maps, from the smallest to the image.
        design: how wide and deep it is.
        channels: of the image.
        classes: of labels that it is told; 0: none.
        attends: the shorter side of the maps that attention looks at; 0: there is none.
    """

    def __init__(
        self,
        sides: Sequence[tuple[int, int]],
        design: Design,
        channels: int,
        classes: int = 0,
        attends: int = 0,
    ) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        side = min(sides[-1])
        for inputs, outputs in pairwise((channels, *design.discriminator)):
            first, halves = not blocks, len(blocks) < design.halvings
            hidden = outputs if first or design.wide else inputs
            side = side // 2 if halves else side
            blocks.append(
                DownBlock(
                    inputs,
                    hidden,
                    outputs,
                    SPECTRAL,
                    halves=halves,
                    first=first,
                    attends=halves and side == attends,
                )
            )
        last = design.discriminator[-1]
        self.trunk = nn.Sequential(*blocks, nn.ReLU())
        self.verdict = SPECTRAL.linear(last, 1, bias=design.bias)
        self.embedding = SpectralEmbedding(classes, last) if classes else None

    def features(self, image: Tensor) -> Tensor:
        """φ(x): sums, not means, over the places of the last maps, (n, channels)."""
        maps: Tensor = self.trunk(image)
        return maps.sum((2, 3))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        features = self.features(image)
        logits: Tensor = self.verdict(features).squeeze(1)
        if self.embedding is None:
            return logits
        assert label is not None
        # Miyato & Koyama 2018, eq. 4: yᵀ V φ(x) + ψ(φ(x)).
        told: Tensor = self.embedding(label)
        return logits + (told * features).sum(1)
