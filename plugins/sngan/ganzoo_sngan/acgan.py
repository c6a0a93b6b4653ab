"""Auxiliary classifier GANs (Odena, Olah & Shlens 2017): D says real or fake, and tells the class.

With S the source of an image and C its class, D maximises L_S + L_C and G L_C - L_S, where

    L_S = E[log P(S = real | x)] + E[log P(S = fake | G(z, c))]     (eq. 2)
    L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))]           (eq. 3)

G goes after log P(S = real | G(z, c)), as G in practice does. The networks are SNGAN's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ganzoo import Batch, option
from ganzoo.abilities import Classifier
from ganzoo.adversarial import said_by_d
from ganzoo.config import LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo_sngan import initial
from ganzoo_sngan.designs import Design
from ganzoo_sngan.networks import ResNetDiscriminator, ResNetGenerator, class_norm
from ganzoo_sngan.sngan import SNGAN, SNGANConfig
from ganzoo_sngan.spectral import SPECTRAL


@dataclass(frozen=True)
class ACGANConfig(SNGANConfig):
    """Those of SNGAN, another loss, and how much the class counts."""

    loss: AdversarialLoss = option(
        "non-saturating",
        "loss of the source, as in hinge or non-saturating: see `ganzoo losses`",
        names=LOSS,
    )
    class_weight: float = option(1.0, "weight of L_C in D's loss", minimum=0)
    generator_class_weight: float = option(1.0, "weight of L_C in G's loss", minimum=0)


class ClassifyingDiscriminator(ResNetDiscriminator):
    """The source, and the class, which it is not told: two heads of one trunk."""

    def __init__(
        self, sides: Sequence[tuple[int, int]], design: Design, channels: int, classes: int
    ) -> None:
        super().__init__(sides, design, channels)
        self.classifier = SPECTRAL.linear(design.discriminator[-1], classes)

    def examine(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the source, (n,), and of the classes, (n, classes), of one pass."""
        features, full = self.features(image), self.verdict.weight.dtype  # autocast's are half
        return self.verdict(features).squeeze(1).to(full), self.classifier(features).to(full)


class ACGAN(SNGAN, Classifier):
    """SNGAN's networks, with a classifier beside D's verdict."""

    Config = ACGANConfig
    config: ACGANConfig
    discriminator: ClassifyingDiscriminator
    conditional = True
    published = ("generator", "discriminator")
    name = "acgan"

    def networks(self) -> tuple[ResNetGenerator, ResNetDiscriminator]:
        design, channels, classes = self.design(), self.data.shape[0], self.data.classes
        generator = ResNetGenerator(
            self.config.latent_dim, self.sides, design.generator, channels, class_norm(classes)
        )
        discriminator = ClassifyingDiscriminator(self.sides, design, channels, classes)
        initial.glorot(generator)
        initial.glorot(discriminator)
        return generator, discriminator

    def generator_loss(self, batch: Batch) -> Tensor:
        """L_S of fakes, made out to be real, and L_C of fakes."""
        several = self.preset.generator_fakes
        label = batch.label.repeat(several)
        latent = self.sample_latent(len(label))
        fake = self(latent, label)
        batch.shared["fake"] = fake[: len(batch)].detach()
        real_logits = None
        if self.loss.generator_sees_real:
            real_logits = self.judge(batch.image, None).repeat(several)
        fake_logits, told = self.examine(fake)
        loss = self.loss.generator(fake_logits, real_logits)
        loss = loss + self.config.generator_class_weight * cross_entropy(told, label)
        return self.with_nearby(loss, batch, latent[: len(batch)], fake[: len(batch)])

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """L_S and L_C (eqs. 2 and 3), each of real samples and of fakes."""
        fake = self.fakes(batch)
        real_logits, told_of_real = self.examine(batch.image)
        fake_logits, told_of_fake = self.examine(fake)
        of_real, of_fake = (
            cross_entropy(told, batch.label) for told in (told_of_real, told_of_fake)
        )
        batch.metrics |= said_by_d(self.loss, self.augmentations, real_logits, fake_logits)
        batch.metrics["real_class_loss"] = of_real.detach()
        batch.metrics["fake_class_loss"] = of_fake.detach()
        loss = self.loss.discriminator(real_logits, fake_logits)
        loss = loss + self.config.class_weight * (of_real + of_fake)
        return self.regularised(loss, batch, ((batch.image, real_logits), (fake, fake_logits)))

    def examine(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """What both heads say of samples as D sees them."""
        return self.discriminator.examine(self.seen(image))

    def classify(self, image: Tensor) -> Tensor:
        _, told = self.discriminator.examine(image)
        return torch.softmax(told, dim=1)
