"""BigGAN (Brock, Donahue & Simonyan 2019), at the sizes of CIFAR-10 and of ImageNet at 64 pixels.

SAGAN's game on wider networks, in which z and one embedding of the class reach every block of G
(section 3.1), whose weights are kept near orthogonal (section 3.2), and an average of G.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo import Batch, option
from ganzoo.networks import sample_prior
from ganzoo_sngan import initial
from ganzoo_sngan.blocks import Norm
from ganzoo_sngan.designs import Design
from ganzoo_sngan.networks import ResNetDiscriminator, ResNetGenerator, class_norm
from ganzoo_sngan.presets import BROCK, BigPreset, Preset
from ganzoo_sngan.sagan import SAGAN, SAGANConfig
from ganzoo_sngan.spectral import SPECTRAL, Embedding


@dataclass(frozen=True)
class BigGANConfig(SAGANConfig):
    """Those of SAGAN, and what reaches the blocks of G."""

    beta2: float = option(0.999, "second-moment decay of both Adams", minimum=0, maximum=0.9999)
    ema: float = option(
        0.9999, "decay of the average of G's weights that samples come from", minimum=0, maximum=1
    )
    preset: str = option(
        "small", "settings that those below have unless they are given", choices=BROCK
    )
    attention: int = option(
        0,
        "attention looks at maps of so many pixels a side, or the largest that are less; 0: none",
        minimum=0,
    )
    embedding_dim: int = option(128, "dimensions of G's embedding of the class", minimum=1)
    hierarchical: bool | None = option(
        None, "z and one embedding reach all blocks; else each block's norms embed the class"
    )
    orthogonal: float | None = option(
        None, "weight of what keeps G's weights near orthogonal (β)", minimum=0
    )
    orthogonal_start: bool | None = option(
        None, "first weights are orthogonal; else they are N(0, 0.02)"
    )


class HierarchicalGenerator(ResNetGenerator):
    """A part of z makes the smallest maps, and each block's norms are told another and the class.

    Args:
        part: dimensions of each part.
        sides, widths, channels, attends: as for other generators.
        classes: of labels.
        embedding_dim: of their embedding, which all blocks share.
    """

    def __init__(
        self,
        part: int,
        sides: Sequence[tuple[int, int]],
        widths: Sequence[int],
        channels: int,
        classes: int,
        embedding_dim: int,
        attends: int = 0,
    ) -> None:
        told = embedding_dim + part

        def norm(channels: int) -> Norm:
            gain, shift = (SPECTRAL.linear(told, channels, bias=False) for _ in range(2))
            return Norm(channels, gain, shift)

        super().__init__(part, sides, widths, channels, norm, SPECTRAL, attends)
        self.embedding = Embedding(classes, embedding_dim)
        self._part = part

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        assert label is not None
        first, *others = torch.split(latent, self._part, dim=1)
        embedded = self.embedding(label)
        return self.draw(first, [torch.cat([embedded, part], 1) for part in others])


class BigGAN(SAGAN):
    """SAGAN's networks, without attention at small sizes, and with a hierarchical z."""

    Config = BigGANConfig
    config: BigGANConfig
    presets: ClassVar[Mapping[str, Preset]] = BROCK
    preset: BigPreset
    name = "biggan"

    def networks(self) -> tuple[ResNetGenerator, ResNetDiscriminator]:
        channels, classes, design = self.data.shape[0], self.data.classes, self.design()
        attends, generator = self.attended(), self._generator(design)
        discriminator = ResNetDiscriminator(self.sides, design, channels, classes, attends)
        for net in (generator, discriminator):
            initial.brock(net, orthogonal=self.preset.orthogonal_start)
        return generator, discriminator

    def _generator(self, design: Design) -> ResNetGenerator:
        channels, classes, attends = self.data.shape[0], self.data.classes, self.attended()
        if not self.preset.hierarchical:
            norm = class_norm(classes)
            return ResNetGenerator(
                *(self.config.latent_dim, self.sides, design.generator, channels, norm),
                *(SPECTRAL, attends),
            )
        return HierarchicalGenerator(
            *(self._part, self.sides, design.generator, channels, classes),
            *(self.config.embedding_dim, attends),
        )

    @property
    def _part(self) -> int:
        """Dimensions of the part of z for the smallest maps, and for each block."""
        return max(1, self.config.latent_dim // len(self.sides))

    def sample_latent(self, n: int) -> Tensor:
        """As many dimensions as divide among the parts, at most --latent-dim of them."""
        dim = self.config.latent_dim
        if self.preset.hierarchical:
            dim = self._part * len(self.sides)
        return sample_prior(self.config.prior, n, dim, self.device)

    def generator_loss(self, batch: Batch) -> Tensor:
        loss = super().generator_loss(batch)
        if not self.preset.orthogonal:
            return loss
        penalty = torch.stack([unorthogonal(weight) for weight in self._penalised()]).sum()
        batch.metrics["orthogonal"] = penalty.detach()
        return loss + self.preset.orthogonal * penalty

    def _penalised(self) -> Iterator[Tensor]:
        """All weights of G but its shared embedding of the class, as in the authors' code."""
        for name, weight in self.generator.named_parameters():
            if weight.dim() > 1 and name != "embedding.weight":
                yield weight


def unorthogonal(weight: Tensor) -> Tensor:
    """½ |W Wᵀ ∘ (1 - I)|² (eq. 3): how much the outputs of a layer are alike.

    The authors' code adds its gradient, 2 (W Wᵀ ∘ (1 - I)) W; eq. 3 has WᵀW, and no half.
    """
    rows = weight.flatten(1)
    products = (rows @ rows.T).to(rows.dtype)  # autocast's are half
    return (products - torch.diag(products.diagonal())).square().sum() / 2
