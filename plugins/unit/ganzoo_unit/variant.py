"""UNIT (Liu, Breuel & Kautz 2017): two VAEs that share their latents, and two discriminators.

The paper's domain 1 is a and its domain 2 is b. An encoder gives the mean of q(z|x) = N(mean, I),
and the prior of z is N(0, I).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from ganzoo import Adam, Batch, DataSpec, Phase, Player, option
from ganzoo.both_ways import BothWays
from ganzoo.config import LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo.networks.translators import MULTIPLE, check_images
from ganzoo_unit.networks import make_coupled, make_discriminator


@dataclass(frozen=True)
class UNITConfig:
    """The settings of UNIT."""

    loss: AdversarialLoss = option(
        "non-saturating", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    lambda_gan: float = option(10.0, "weight of deceiving the discriminators (λ_0)", minimum=0)
    lambda_kl: float = option(0.1, "weight of the latents' distance to the prior (λ_1)", minimum=0)
    lambda_reconstruction: float = option(
        100.0, "weight of the distance of images to those made of their latents (λ_2)", minimum=0
    )
    lambda_cycle_kl: float = option(
        0.1, "weight of the latents' distance to the prior, of the way back (λ_3)", minimum=0
    )
    lambda_cycle: float = option(100.0, "weight of the way there and back (λ_4)", minimum=0)
    width: int = option(64, "feature maps next to the image", minimum=1)
    blocks: int = option(
        4, "residual blocks of each encoder and generator, one of them shared", minimum=1
    )
    lr: float = option(1e-4, "learning rate of both Adams", above=0)
    ema: float = option(
        0.0, "decay of the average of the networks that images come from", minimum=0, maximum=1
    )


class UNIT(BothWays):
    """The game of section 3."""

    Config = UNITConfig
    config: UNITConfig
    published: ClassVar[tuple[str, ...]] = ("encoder", "generator")
    multiple = MULTIPLE

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if not data.is_image or min(data.shape[1:]) < 64:
            return {"steps": 2000, "batch_size": 4, "width": 16, "lr": 5e-4}
        return {"steps": 200_000, "batch_size": 1}

    def __init__(self, config: UNITConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("unit", data)
        self.loss = config.loss
        self.scores = config.loss.scores
        self.encoder, self.generator = make_coupled(config.width, config.blocks, data)
        self.discriminator_a = make_discriminator(config.width, data)
        self.discriminator_b = make_discriminator(config.width, data)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.5, 0.999))
        return {
            "discriminators": Player(("discriminator_a", "discriminator_b"), optim),
            "vaes": Player(("encoder", "generator"), optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("discriminators", loss=self.discriminators_loss),
            Phase("vaes", loss=self.vaes_loss),
        ]

    def discriminators_loss(self, batch: Batch) -> Tensor:
        """Both, without the weight that they have in common."""
        a, b = batch.data["a"], batch.data["b"]
        with torch.no_grad():
            fake_a = self.generator(near(self.encoder(b, "b")), "a")
            fake_b = self.generator(near(self.encoder(a, "a")), "b")
        logits_a = self.discriminator_a(a), self.discriminator_a(fake_a)
        logits_b = self.discriminator_b(b), self.discriminator_b(fake_b)
        of_a = self.told_apart(batch, "a", *logits_a)
        of_b = self.told_apart(batch, "b", *logits_b)
        return of_a + of_b

    def vaes_loss(self, batch: Batch) -> Tensor:
        """What encoders and generators minimise, of both ways."""
        return self.way(batch, "a", "b") + self.way(batch, "b", "a")

    def way(self, batch: Batch, here: str, there: str) -> Tensor:
        """The VAE of one domain, its translations' adversary, and the cycle back to it."""
        config, x = self.config, batch.data[here]
        mean = self.encoder(x, here)
        z = near(mean)
        fake = self.generator(z, there)
        mean_of_fake = self.encoder(fake, there)
        again = self.generator(near(mean_of_fake), here)
        discriminator = self.get_submodule(f"discriminator_{there}")
        terms = {
            f"kl_{here}": kl(mean),
            f"reconstruction_{here}": l1_loss(self.generator(z, here), x),
            f"adversarial_{here}2{there}": self.deception(discriminator, fake, batch.data[there]),
            f"cycle_kl_{here}": kl(mean) + kl(mean_of_fake),
            f"cycle_{here}": l1_loss(again, x),
        }
        weights = (
            config.lambda_kl,
            config.lambda_reconstruction,
            config.lambda_gan,
            config.lambda_cycle_kl,
            config.lambda_cycle,
        )
        batch.metrics |= {name: term.detach() for name, term in terms.items()}
        weighed = [w * term for w, term in zip(weights, terms.values(), strict=True)]
        return torch.stack(weighed).sum()

    def translate(self, image: Tensor, direction: str) -> Tensor:
        here, there = direction.split("2")
        translated: Tensor = self.generator(self.encoder(image, here), there)
        return translated


def near(mean: Tensor) -> Tensor:
    """Latents drawn from N(mean, I)."""
    return mean + torch.randn_like(mean)


def kl(mean: Tensor) -> Tensor:
    """The divergence of N(mean, I) from N(0, I), as the authors' code scales it.

    It is half of the sum of the squares; their weights are for the mean of the squares.
    """
    return mean.square().mean()
