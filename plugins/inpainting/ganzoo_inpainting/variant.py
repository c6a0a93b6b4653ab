"""Context encoders (Pathak et al. 2016): what is missing from an image is made of what is not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import Adam, Batch, DataSpec, Gallery, Phase, Player, Variant, option
from ganzoo.abilities import Restorer
from ganzoo.adversarial import said_by_d
from ganzoo.config import LOSS
from ganzoo.convnets import doubled_sides
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import init_normal
from ganzoo_inpainting.masks import band_around, centre, middle, random_regions
from ganzoo_inpainting.networks import Judge, make_generator

BAND_WEIGHT = 10.0
"""What pixels count that are known, but beside what is missing (section 5.1)."""
SHOWN = 10


@dataclass(frozen=True)
class ContextEncoderConfig:
    """The settings of context encoders."""

    mask: str = option(
        "centre", "what is missing: the middle, or random regions", choices=("centre", "random")
    )
    loss: AdversarialLoss = option(
        "non-saturating", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    lambda_adversarial: float = option(
        1e-3, "weight of what D says; that of pixels is the rest of 1", minimum=0, maximum=1
    )
    overlap: int | None = option(
        None, "pixels around what is missing that G makes too  [default: 1/32 of the side]",
        minimum=0,
    )  # fmt: skip
    width: int = option(64, "feature maps next to the image", minimum=1)
    bottleneck: int = option(4000, "numbers through which all passes", minimum=1)
    lr: float = option(2e-3, "learning rate of G's Adam; D's is a tenth of it", above=0)
    beta1: float = option(0.5, "first-moment decay of both Adams", minimum=0, maximum=0.9999)


class ContextEncoder(Variant, Restorer):
    """The game of eq. 3."""

    Config = ContextEncoderConfig
    config: ContextEncoderConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if data.is_image and min(data.shape[1:]) < 64:
            return {"steps": 2000, "batch_size": 64, "width": 16, "bottleneck": 200}
        return {"steps": 100_000, "batch_size": 64}

    def __init__(self, config: ContextEncoderConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        sides = doubled_sides("context-encoder", data, least=2)
        self.loss = config.loss
        self.scores = config.loss.scores
        self.generator = make_generator(config.width, config.bottleneck, data, sides)
        seen = sides[:-1] if config.mask == "centre" else sides
        self.discriminator = Judge(config.width, data, seen)
        shorter = min(data.shape[1:])
        self.overlap = shorter // 32 if config.overlap is None else config.overlap
        init_normal(self)

    def players(self) -> dict[str, Player]:
        betas = (self.config.beta1, 0.999)
        return {
            "generator": Player(optim=Adam(self.config.lr, betas)),
            "discriminator": Player(optim=Adam(self.config.lr / 10, betas)),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("generator", loss=self.generator_loss),
            Phase("discriminator", loss=self.discriminator_loss),
        ]

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 3: pixels (eq. 1) and D (eq. 2)."""
        image = batch.image
        missing = self.take(image)
        made = self.generator(image * (1 - missing))
        fake = composite(image, made, missing)
        batch.shared["fake"] = fake.detach()
        sees_real = self.loss.generator_sees_real
        real_logits = self.judge(image) if sees_real else None
        reconstruction = self.reconstruction(image, made, missing)
        deception = self.loss.generator(self.judge(fake), real_logits)
        batch.metrics |= {
            "reconstruction": reconstruction.detach(),
            "deception": deception.detach(),
        }
        weight = self.config.lambda_adversarial
        return (1 - weight) * reconstruction + weight * deception

    def reconstruction(self, image: Tensor, made: Tensor, missing: Tensor) -> Tensor:
        """Eq. 1: the mean squared difference of what is missing, and of a band around it."""
        weights = missing + BAND_WEIGHT * band_around(missing, self.overlap)
        counted = (weights > 0).to(image.dtype).expand_as(image)
        return (weights * (made - image).square()).sum() / counted.sum()

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Eq. 2: D tells whole images from those that were filled in."""
        real_logits, fake_logits = self.judge(batch.image), self.judge(self.fakes(batch))
        batch.metrics |= said_by_d(self.loss, None, real_logits, fake_logits)
        return self.loss.discriminator(real_logits, fake_logits)

    def fakes(self, batch: Batch) -> Tensor:
        """Those that G's step has left, or as many new ones, of which G learns nothing."""
        if "fake" not in batch.shared:
            with torch.no_grad():
                missing = self.take(batch.image)
                made = self.generator(batch.image * (1 - missing))
                batch.shared["fake"] = composite(batch.image, made, missing)
        return batch.shared["fake"]

    @property
    def take(self) -> Callable[[Tensor], Tensor]:
        """What is missing from images."""
        return centre if self.config.mask == "centre" else random_regions

    def judge(self, image: Tensor) -> Tensor:
        """D's logits of images, of which it sees what may have been made."""
        seen = middle(image) if self.config.mask == "centre" else image
        logits: Tensor = self.discriminator(seen)
        return logits

    def restore(self, image: Tensor, missing: Tensor) -> Tensor:
        whole = composite(image, self.generator(image * (1 - missing)), missing)
        return whole.clamp(-1, 1)

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """Rows of ten: images with a hole, filled in, and whole."""
        image = examples["image"][:SHOWN]
        missing = self.take(image)
        given = image * (1 - missing)
        images = torch.cat((given, self.restore(given, missing), image))
        return Gallery(
            images,
            columns=len(image),
            made=[len(image) <= number < 2 * len(image) for number in range(3 * len(image))],
            caption="given, filled in, original",
        )


def composite(image: Tensor, made: Tensor, missing: Tensor) -> Tensor:
    """Images of which what is missing is as it was made, and all else as it is, to the last bit."""
    return torch.where(missing > 0, made, image)
