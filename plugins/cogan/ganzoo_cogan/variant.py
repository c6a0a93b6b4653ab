"""CoGAN (Liu & Tuzel 2016): pairs of images from two domains of which no pair was ever seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import Adam, Batch, DataSpec, Gallery, Phase, Player, Variant, option
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.config import LOSS
from ganzoo.convnets import check_images
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import init_normal
from ganzoo.schedules import decays
from ganzoo_cogan.networks import CoupledDiscriminator, CoupledGenerator

PAIRS = 5
"""Rows of pairs in a picture."""


@dataclass(frozen=True)
class CoGANConfig:
    """The settings of CoGAN."""

    loss: AdversarialLoss = option(
        "non-saturating", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    latent_dim: int = option(100, "dimensions of the latent z, N(0, 1)", minimum=1)
    width: int = option(64, "feature maps next to the image, doubled at each halving", minimum=1)
    lr: float = option(2e-4, "learning rate of both Adams", above=0)
    weight_decay: float = option(5e-4, "weight of the squared weights of both", minimum=0)
    decay_from: float = option(
        1.0, "progress from which the learning rates fall to 0; 1: never", minimum=0, maximum=1
    )
    ema: float = option(
        0.0, "decay of the average of the generator that images come from", minimum=0, maximum=1
    )


@dataclass(frozen=True)
class Asked:
    """What `ganzoo sample` can be asked for."""

    domain: str = option("a", "of which domain the samples are", choices=("a", "b"))


class CoGAN(Variant):
    """The game of section 3: a team of two generators against one of two discriminators."""

    Config = CoGANConfig
    config: CoGANConfig
    Sampling = Asked

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 3000, "batch_size": 64, "width": 32}

    def __init__(self, config: CoGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("cogan", data)
        self.loss = config.loss
        self.scores = config.loss.scores
        self.generator = CoupledGenerator(config.latent_dim, config.width, data)
        self.discriminator = CoupledDiscriminator(config.width, data)
        init_normal(self)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.5, 0.999), weight_decay=self.config.weight_decay)
        return {
            "discriminator": Player(optim=optim),
            "generator": Player(optim=optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("discriminator", loss=self.discriminator_loss),
            Phase("generator", loss=self.generator_loss),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), self.config.decay_from)

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Of both domains together: a latent for each pair of fakes."""
        a, b = batch.data["a"], batch.data["b"]
        with torch.no_grad():
            fakes = self.generator(self.sample_latent(len(a)))
        real_logits, fake_logits = self.discriminator(a, b), self.discriminator(*fakes)
        batch.metrics["real_score"] = self.loss.score(real_logits.detach()).mean()
        batch.metrics["fake_score"] = self.loss.score(fake_logits.detach()).mean()
        return self.loss.discriminator(real_logits, fake_logits)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Both images of a latent are to pass for real."""
        a, b = batch.data["a"], batch.data["b"]
        fake_logits = self.discriminator(*self.generator(self.sample_latent(len(a))))
        real_logits = self.discriminator(a, b) if self.loss.generator_sees_real else None
        return self.loss.generator(fake_logits, real_logits)

    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, self.config.latent_dim, device=self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Images of the domain that is asked for."""
        a, b = self.generator(latent)
        image: Tensor = {"a": a, "b": b}[self.sampling.domain]
        return image

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """Rows of ten of a, and below each the images of b that come of the same latents."""
        latents = torch.split(self.sample_latent(PAIRS * COLUMNS), COLUMNS)
        return Gallery(torch.cat([row for z in latents for row in self.generator(z)]))
