"""SNGAN (Miyato et al. 2018): a D whose layers all have a spectral norm of 1.

The game is that of `ganzoo.Adversarial`, with the hinge loss (eqs. 16 and 17).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from torch import Tensor

from ganzoo import Adam, Adversarial, AdversarialConfig, Batch, DataSpec, Player, option
from ganzoo.config import LOSS
from ganzoo.convnets import doubled_sides
from ganzoo.losses import AdversarialLoss
from ganzoo_sngan import initial
from ganzoo_sngan.designs import Design, miyato, tapered
from ganzoo_sngan.networks import ResNetDiscriminator, ResNetGenerator, class_norm
from ganzoo_sngan.presets import MIYATO, Preset, settled


@dataclass(frozen=True)
class SNGANConfig(AdversarialConfig):
    """The game's settings, a preset, and what is to be otherwise than it says."""

    loss: AdversarialLoss = option(
        "hinge", "adversarial loss, as in hinge or non-saturating: see `ganzoo losses`", names=LOSS
    )
    latent_dim: int = option(128, "dimensions of the latent z", minimum=1)
    beta1: float = option(0.0, "first-moment decay of both Adams", minimum=0, maximum=0.9999)
    beta2: float = option(0.9, "second-moment decay of both Adams", minimum=0, maximum=0.9999)
    decay_from: float = option(
        0.0, "progress from which on learning rates fall to 0; 1: never", minimum=0, maximum=1
    )
    preset: str = option(
        "small", "settings that those below have unless they are given", choices=MIYATO
    )
    generator_width: int | None = option(None, "G's feature maps next to the image", minimum=1)
    width: int | None = option(None, "D's feature maps next to the image", minimum=1)
    generator_lr: float | None = option(None, "learning rate of G's Adam", above=0)
    lr: float | None = option(None, "learning rate of D's Adam", above=0)  # type: ignore[assignment]
    n_critic: int | None = option(None, "updates of D an update of G", minimum=1)  # type: ignore[assignment]
    generator_fakes: int | None = option(
        None, "fakes in an update of G, for each real sample of the batch", minimum=1
    )
    tapered: bool | None = option(
        None, "twice the feature maps at half the size; else as the authors have them for that size"
    )


class SNGAN(Adversarial):
    """G with BatchNorm, and D with a spectral norm in every layer."""

    Config = SNGANConfig
    config: SNGANConfig
    name: ClassVar = "sngan"
    presets: ClassVar[Mapping[str, Preset]] = MIYATO

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 3000, "batch_size": 64}

    def __init__(self, config: SNGANConfig, data: DataSpec) -> None:
        self.preset = settled(self.presets[config.preset], config)
        super().__init__(replace(config, **asdict(self.preset)), data)
        self.sides = doubled_sides(self.name, data, least=1)
        self.generator, self.discriminator = self.networks()

    def networks(self) -> tuple[ResNetGenerator, ResNetDiscriminator]:
        """G and D, with their first weights."""
        channels, classes = self.data.shape[0], self.data.classes if self.conditional else 0
        design = self.design()
        generator = ResNetGenerator(
            self.config.latent_dim, self.sides, design.generator, channels, class_norm(classes)
        )
        discriminator = ResNetDiscriminator(self.sides, design, channels, classes)
        initial.glorot(generator)
        initial.glorot(discriminator)
        return generator, discriminator

    def design(self) -> Design:
        """How wide and deep they are."""
        sizes = len(self.sides) - 1, self.preset.generator_width, self.preset.width
        return tapered(*sizes) if self.preset.tapered else self.authors(*sizes)

    @staticmethod
    def authors(doublings: int, generator_width: int, width: int) -> Design:
        """How the authors have them."""
        return miyato(doublings, generator_width, width)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.preset.lr, betas=(self.config.beta1, self.config.beta2))
        return {
            "generator": Player(
                optim=replace(optim, lr=self.preset.generator_lr), ema=self.config.ema
            ),
            "discriminator": Player(optim=optim),
        }

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 17: -E[D(G(z))], of several fakes for each real sample where the preset says so."""
        several, label = self.preset.generator_fakes, self.condition(batch)
        labels = None if label is None else label.repeat(several)
        latent = self.sample_latent(several * len(batch))
        fake = self(latent, labels)
        batch.shared["fake"] = fake[: len(batch)].detach()
        real_logits = None
        if self.loss.generator_sees_real:
            real_logits = self.judge(batch.image, label).repeat(several)
        loss = self.loss.generator(self.judge(fake, labels), real_logits)
        return self.with_nearby(loss, batch, latent[: len(batch)], fake[: len(batch)])
