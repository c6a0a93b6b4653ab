"""DiscoGAN (Kim et al. 2017): two translators whose images must be found again, coupled.

``a2b`` is the paper's G_AB and ``b2a`` its G_BA.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ganzoo import Adam, Batch, DataSpec, Phase, Player, Progress, option
from ganzoo.both_ways import BothWays
from ganzoo.losses import non_saturating
from ganzoo.networks.translators import check_images
from ganzoo_discogan.networks import Discriminator, make_generator

ADVERSARIAL, MATCHING = 0.1, 0.9
"""Shares of a verdict and of the features that D sees, in what a generator minimises."""
SCALE = 0.25
"""Of a squared distance, from images in [-1, 1] to the paper's in [0, 1]."""


@dataclass(frozen=True)
class DiscoGANConfig:
    """The settings of DiscoGAN."""

    rate: float = option(0.5, "share of the reconstruction", minimum=0, maximum=1)
    early_rate: float = option(0.01, "the same at the beginning", minimum=0, maximum=1)
    early: float = option(0.25, "progress up to which it is the beginning", minimum=0, maximum=1)
    width: int = option(64, "feature maps after the first layer of each network", minimum=1)
    lr: float = option(2e-4, "learning rate of all Adams", above=0)
    ema: float = option(
        0.0, "decay of the average of the generators that images come from", minimum=0, maximum=1
    )


class DiscoGAN(BothWays):
    """The game of section 3.3, with the feature matching of the authors' code."""

    Config = DiscoGANConfig
    config: DiscoGANConfig
    loss = non_saturating
    batchwise = True  # features are matched by their means over the batch
    multiple = 16  # four layers halve the sides, and four double them
    rate: Tensor

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if not data.is_image or min(data.shape[1:]) < 64:
            return {"steps": 2000, "batch_size": 32, "width": 16}
        return {"steps": 13_000, "batch_size": 64}

    def __init__(self, config: DiscoGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("discogan", data)
        self.a2b = make_generator(config.width, data)
        self.b2a = make_generator(config.width, data)
        self.discriminator_a = Discriminator(config.width, data)
        self.discriminator_b = Discriminator(config.width, data)
        self.register_buffer("rate", torch.tensor(config.early_rate))

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.5, 0.999), weight_decay=1e-5)
        return {
            "discriminators": Player(("discriminator_a", "discriminator_b"), optim),
            "generators": Player(("a2b", "b2a"), optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("discriminators", loss=self.discriminators_loss),
            Phase("generators", loss=self.generators_loss, repeat=2),
        ]

    def dials(self, now: Progress) -> Mapping[str, float]:
        early = now.share < self.config.early
        return {"rate": self.config.early_rate if early else self.config.rate}

    def discriminators_loss(self, batch: Batch) -> Tensor:
        """Eq. 6 of both domains, each halved as in the code."""
        a, b = batch.data["a"], batch.data["b"]
        with torch.no_grad():
            fake_a, fake_b = self.b2a(b), self.a2b(a)
        losses = []
        for domain, real, fake in (("a", a, fake_a), ("b", b, fake_b)):
            discriminator = self.get_submodule(f"discriminator_{domain}")
            (real_logits, _), (fake_logits, _) = discriminator(real), discriminator(fake)
            losses.append(0.5 * self.told_apart(batch, domain, real_logits, fake_logits))
        return torch.stack(losses).sum()

    def generators_loss(self, batch: Batch) -> Tensor:
        """Eq. 5, of the way from a to b and back, and of that from b to a and back."""
        a, b = batch.data["a"], batch.data["b"]
        losses = [
            self.way(batch, a, self.a2b, b, self.discriminator_b, self.b2a, "a2b"),
            self.way(batch, b, self.b2a, a, self.discriminator_a, self.a2b, "b2a"),
        ]
        return torch.stack(losses).sum()

    def way(
        self,
        batch: Batch,
        source: Tensor,
        there: nn.Module,
        target: Tensor,
        discriminator: nn.Module,
        back: nn.Module,
        name: str,
    ) -> Tensor:
        """Eqs. 3 and 4 of one way, weighed as in the code."""
        fake = there(source)
        (logits, fake_features), (_, real_features) = discriminator(fake), discriminator(target)
        terms = {
            "adversarial": self.loss.generator(logits, None),
            "matching": matching(real_features, fake_features),
            "reconstruction": SCALE * mse_loss(back(fake), source),
        }
        batch.metrics |= {f"{term}_{name}": value.detach() for term, value in terms.items()}
        deception = ADVERSARIAL * terms["adversarial"] + MATCHING * terms["matching"]
        loss: Tensor = (1 - self.rate) * deception + self.rate * terms["reconstruction"]
        return loss


def matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """How far the mean features of fakes are from those of real images, squared.

    Args:
        real: (n, maps, height, width) of each layer.
        fake: likewise.

    Returns:
        The sum over the layers of the mean over the features.
    """
    layers = [mse_loss(f.mean(0), r.mean(0)) for r, f in zip(real, fake, strict=True)]
    return torch.stack(layers).sum()
