"""FastGAN (Liu, Zhu, Song & Elgammal 2021), for 100 to 1,000 images.

A light G with skip-layer excitation, and a D that must be able to make small images out of what it
has seen, so that it cannot live on a few details. The authors' code, where it says more than the
paper, is followed: augmentation, the margin that is drawn, and the verdicts on a smaller image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from ganzoo import Adversarial, AdversarialConfig, Batch, DataSpec, option
from ganzoo.adversarial import said_by_d
from ganzoo.augmentations import SeenAugmentation
from ganzoo.config import AUGMENTATIONS, LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import init_normal
from ganzoo_fastgan.discriminator import FastDiscriminator
from ganzoo_fastgan.generator import FastGenerator
from ganzoo_fastgan.sizes import Sizes


@dataclass(frozen=True)
class FastGANConfig(AdversarialConfig):
    """The authors' settings, but for the width of the networks."""

    loss: AdversarialLoss = option(
        "hinge", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    augment: Mapping[str, SeenAugmentation] = option(
        "colour,translation",
        "changes of what D sees, or none: see `ganzoo augmentations`",
        names=AUGMENTATIONS,
    )
    latent_dim: int = option(256, "dimensions of the latent z", minimum=1)
    width: int = option(
        16, "feature maps at 128 pixels, by which all others are counted", minimum=2
    )
    slack: float = option(
        0.2, "by up to which the margin of a verdict is smaller, drawn anew each time", minimum=0
    )
    reconstruction: float = option(
        8.0, "weight of the distance from what D has seen to what it makes of it", minimum=0
    )


class FastGAN(Adversarial):
    """G makes two sizes of each image, and D says of both whether they are real."""

    Config = FastGANConfig
    config: FastGANConfig
    generator: FastGenerator
    discriminator: FastDiscriminator

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        """Small networks for small images, so that a CPU can train them."""
        return {"steps": 10_000, "batch_size": 8, "width": 8 if min(data.shape[1:]) <= 32 else 16}

    def __init__(self, config: FastGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        sizes = Sizes.of(data, config.width)
        self.generator = FastGenerator(config.latent_dim, sizes)
        self.discriminator = FastDiscriminator(sizes)
        init_normal(self)

    def sample_latent(self, n: int) -> Tensor:
        """z, and beside it the noise that is put on G's maps."""
        noise = torch.randn(n, self.generator.noise_dim, device=self.device)
        return torch.cat([super().sample_latent(n), noise], dim=1)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Section 3.3: -E[D(G(z))], of both sizes."""
        latent = self.sample_latent(len(batch))
        image, small = self.generator.both(latent)
        seen = self.seen(image), self.seen(small)
        batch.shared["fake"] = image.detach()
        batch.shared["seen"], batch.shared["seen_small"] = (each.detach() for each in seen)
        real_logits = self.judge(batch.image, None) if self.loss.generator_sees_real else None
        loss = self.loss.generator(self.discriminator.look(*seen).logits, real_logits)
        return self.with_nearby(loss, batch, latent, image)

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Section 3.3: -E[min(0, -1 + D(x))] - E[min(0, -1 - D(G(z)))] + L_recons, eq. 2."""
        if "seen" not in batch.shared:
            with torch.no_grad():
                self.generator_loss(batch)
        real = self.seen(batch.image)
        found = self.discriminator.look(real, self.discriminator.shrunk(real))
        real_logits, fake = found.logits, batch.shared["fake"]
        fake_seen = batch.shared["seen"], batch.shared["seen_small"]
        fake_logits = self.discriminator.look(*fake_seen).logits
        batch.metrics |= said_by_d(self.loss, self.augmentations, real_logits, fake_logits)
        loss = self.loss.discriminator(self.eased(real_logits), -self.eased(-fake_logits))
        said = (batch.image, real_logits), (fake, fake_logits)
        quarter = torch.randint(4, (1,), device=self.device)
        pairs = zip(
            self.discriminator.decoded(found, quarter),
            self.discriminator.wanted(real, quarter),
            strict=True,
        )
        distance = torch.stack([l1_loss(made, wanted) for made, wanted in pairs]).sum()
        batch.metrics["reconstruction"] = distance.detach()
        return self.regularised(loss + self.config.reconstruction * distance, batch, said)

    def eased(self, logits: Tensor) -> Tensor:
        """The logits, each moved up by U(0, 0.2): so the hinge's margin is U(0.8, 1)."""
        return logits + self.config.slack * torch.rand_like(logits)
