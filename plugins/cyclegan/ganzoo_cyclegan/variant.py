"""CycleGAN (Zhu et al. 2017): two translators, and two discriminators, of two unpaired domains.

``a2b`` is the paper's G: X -> Y and ``b2a`` its F: Y -> X; a stands for x and b for y.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganzoo import Adam, Batch, DataSpec, Phase, Player, option
from ganzoo.both_ways import BothWays
from ganzoo.config import LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import init_normal
from ganzoo.networks.translators import (
    MULTIPLE,
    check_images,
    patch_discriminator,
    resnet_generator,
)
from ganzoo.schedules import decays
from ganzoo_cyclegan.pool import ImagePool

GAN_WEIGHT = 2.0
"""The paper's least squares are (D(x) - 1)^2, and those of `ganzoo.losses` half of that."""


@dataclass(frozen=True)
class CycleGANConfig:
    """The settings of CycleGAN."""

    loss: AdversarialLoss = option(
        "least-squares", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    lambda_cycle: float = option(10.0, "weight of the cycle consistency", minimum=0)
    lambda_identity: float = option(
        0.5, "weight of the identity terms, as a share of --lambda-cycle", minimum=0
    )
    pool: int = option(50, "earlier fakes of each domain that D is shown; 0: none", minimum=0)
    width: int = option(64, "feature maps next to the image", minimum=1)
    blocks: int = option(9, "residual blocks of each generator", minimum=1)
    lr: float = option(2e-4, "learning rate of all Adams; falls to 0 in the second half", above=0)
    beta1: float = option(0.5, "first-moment decay of all Adams", minimum=0, maximum=0.9999)
    ema: float = option(
        0.0, "decay of the average of the generators that images come from", minimum=0, maximum=1
    )


class CycleGAN(BothWays):
    """The game of eq. 3, with least squares and the identity terms of section 5.2."""

    Config = CycleGANConfig
    config: CycleGANConfig
    multiple = MULTIPLE

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if not data.is_image or min(data.shape[1:]) < 64:
            return {"steps": 2000, "batch_size": 4, "width": 16, "blocks": 6}
        blocks = 9 if min(data.shape[1:]) >= 256 else 6
        return {"steps": 200_000, "batch_size": 1, "blocks": blocks}

    def __init__(self, config: CycleGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("cyclegan", data)
        self.loss = config.loss
        self.scores = config.loss.scores
        self.a2b = resnet_generator(config.width, config.blocks, data)
        self.b2a = resnet_generator(config.width, config.blocks, data)
        self.discriminator_a = patch_discriminator(config.width, data)
        self.discriminator_b = patch_discriminator(config.width, data)
        self.pool_a = ImagePool(config.pool, data.shape)
        self.pool_b = ImagePool(config.pool, data.shape)
        init_normal(self)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(self.config.beta1, 0.999))
        return {
            "generators": Player(("a2b", "b2a"), optim, ema=self.config.ema),
            "discriminator_a": Player(("discriminator_a",), optim),
            "discriminator_b": Player(("discriminator_b",), optim),
        }

    def phases(self) -> list[Phase]:
        discriminator_a_loss = partial(self.discriminator_loss, domain="a")
        discriminator_b_loss = partial(self.discriminator_loss, domain="b")
        return [
            Phase("generators", "generators", self.generators_loss),
            Phase("discriminator_a", "discriminator_a", discriminator_a_loss),
            Phase("discriminator_b", "discriminator_b", discriminator_b_loss),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), 0.5)

    def generators_loss(self, batch: Batch) -> Tensor:
        """Eq. 3 for both generators, and the identity terms of section 5.2."""
        a, b = batch.data["a"], batch.data["b"]
        fake_b, fake_a = self.a2b(a), self.b2a(b)
        batch.shared |= {"fake_a": fake_a.detach(), "fake_b": fake_b.detach()}
        lambda_cycle = self.config.lambda_cycle
        lambda_identity = self.config.lambda_identity * lambda_cycle
        terms = {
            "adversarial_a2b": (1.0, self.deception(self.discriminator_b, fake_b, b)),  # eq. 1
            "adversarial_b2a": (1.0, self.deception(self.discriminator_a, fake_a, a)),
            "cycle_a": (lambda_cycle, l1_loss(self.b2a(fake_b), a)),  # eq. 2
            "cycle_b": (lambda_cycle, l1_loss(self.a2b(fake_a), b)),
        }
        if lambda_identity:
            terms["identity_a"] = (lambda_identity, l1_loss(self.b2a(a), a))
            terms["identity_b"] = (lambda_identity, l1_loss(self.a2b(b), b))
        batch.metrics |= {name: term.detach() for name, (_, term) in terms.items()}
        return torch.stack([weight * term for weight, term in terms.values()]).sum()

    def deception(self, discriminator: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        """Eq. 1 for a generator."""
        return GAN_WEIGHT * super().deception(discriminator, fake, real)

    def discriminator_loss(self, batch: Batch, domain: str) -> Tensor:
        """Eq. 1 for the discriminator of a domain, halved: section 7.1."""
        discriminator: nn.Module = getattr(self, f"discriminator_{domain}")
        pool: ImagePool = getattr(self, f"pool_{domain}")
        fake = pool.exchange(batch.shared[f"fake_{domain}"])
        real_logits, fake_logits = discriminator(batch.data[domain]), discriminator(fake)
        return 0.5 * GAN_WEIGHT * self.told_apart(batch, domain, real_logits, fake_logits)
