"""Self-attention GANs (Zhang et al. 2019): maps that look at all of themselves, and a faster D.

Besides attention there are spectral norms in G too (section 4.1), and two learning rates with one
update of D for each of G in place of five (section 4.2, TTUR).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganzoo import option
from ganzoo_sngan import initial
from ganzoo_sngan.designs import Design, brock
from ganzoo_sngan.networks import ResNetDiscriminator, ResNetGenerator, class_norm
from ganzoo_sngan.presets import ZHANG, Preset
from ganzoo_sngan.projgan import ProjectionGAN
from ganzoo_sngan.sngan import SNGANConfig
from ganzoo_sngan.spectral import SPECTRAL


@dataclass(frozen=True)
class SAGANConfig(SNGANConfig):
    """Those of SNGAN, and where attention is."""

    decay_from: float = option(
        1.0, "progress from which on learning rates fall to 0; 1: never", minimum=0, maximum=1
    )
    preset: str = option(
        "small", "settings that those below have unless they are given", choices=ZHANG
    )
    attention: int = option(
        32,
        "attention looks at maps of so many pixels a side, or the largest that are less",
        minimum=1,
    )


class SAGAN(ProjectionGAN):
    """The projection cGAN, with attention and spectral norms in both networks."""

    Config = SAGANConfig
    config: SAGANConfig
    presets: ClassVar[Mapping[str, Preset]] = ZHANG
    name = "sagan"

    def networks(self) -> tuple[ResNetGenerator, ResNetDiscriminator]:
        channels, classes, design = self.data.shape[0], self.data.classes, self.design()
        attends = self.attended()
        generator = ResNetGenerator(
            self.config.latent_dim,
            self.sides,
            design.generator,
            channels,
            class_norm(classes),
            SPECTRAL,
            attends,
        )
        discriminator = ResNetDiscriminator(self.sides, design, channels, classes, attends)
        initial.glorot(generator, inside_blocks=1.0)
        initial.glorot(discriminator, inside_blocks=1.0)
        return generator, discriminator

    @staticmethod
    def authors(doublings: int, generator_width: int, width: int) -> Design:
        return brock(doublings, generator_width, width)

    def attended(self) -> int:
        """The shorter side of the maps that attention looks at, which both networks make."""
        made = [min(side) for side in self.sides[1:-1]]
        return max([side for side in made if side <= self.config.attention], default=0)
