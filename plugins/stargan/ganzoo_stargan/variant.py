"""StarGAN (Choi et al. 2018): one generator for all attributes, and a discriminator of them.

Attributes are the paper's c: 0 or 1 each, (n, k).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss

from ganzoo import Adam, Batch, DataSpec, Gallery, Phase, Player, Variant, option
from ganzoo.abilities import Control, Direction, Translator
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.losses import Scores
from ganzoo.regularisers import between, squared_norms
from ganzoo.schedules import decays
from ganzoo_stargan.networks import Discriminator, Generator, check_images

VALUES = ("0", "1")
"""Of an attribute, as the user asks for it."""
ROWS = 8
"""Attributes that the pictures of a training show, at most."""


@dataclass(frozen=True)
class StarGANConfig:
    """The settings of StarGAN."""

    lambda_attributes: float = option(1.0, "weight of what attributes D tells", minimum=0)
    lambda_cycle: float = option(10.0, "weight of the way there and back", minimum=0)
    lambda_identity: float = option(
        0.0, "weight of staying as it is with the attributes that it has", minimum=0
    )
    lambda_penalty: float = option(10.0, "weight of the gradient penalty", minimum=0)
    n_critic: int = option(5, "updates of D for each of G", minimum=1)
    width: int = option(64, "feature maps next to the image, of both networks", minimum=1)
    blocks: int = option(6, "residual blocks of the generator", minimum=1)
    lr: float = option(1e-4, "learning rate of both Adams; falls to 0 in the second half", above=0)
    ema: float = option(
        0.0, "decay of the average of the generator that images come from", minimum=0, maximum=1
    )


class StarGAN(Variant, Translator):
    """The game of eqs. 5 and 6, with the Wasserstein loss of eq. 8."""

    Config = StarGANConfig
    config: StarGANConfig
    published: ClassVar[tuple[str, ...]] = ("generator", "discriminator")
    directions = (Direction("change", "image", "image"),)
    scores = Scores(undecided=None, probability=False)
    batchwise = True  # attributes are those of other samples of the batch

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if min(data.shape[1:]) < 64:
            small = {"width": 16, "blocks": 3, "lr": 5e-4, "lambda_identity": 5.0}
            return {"steps": 1000, "batch_size": 16} | small
        return {"steps": 40_000, "batch_size": 16}

    def __init__(self, config: StarGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images(data)
        self.generator = Generator(config.width, config.blocks, data)
        self.discriminator = Discriminator(config.width, data)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.5, 0.999))
        return {
            "discriminator": Player(optim=optim),
            "generator": Player(optim=optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        often = self.config.n_critic
        return [
            Phase("discriminator", loss=self.discriminator_loss, repeat=often, second_order=True),
            Phase("generator", loss=self.generator_loss),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), 0.5)

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Eq. 5: D tells real from fake, and the attributes of real images."""
        real, attributes = batch.image, batch.data["attributes"]
        with torch.no_grad():
            fake = self.generator(real, permuted(attributes))
        real_verdicts, told = self.discriminator(real)
        fake_verdicts, _ = self.discriminator(fake)
        squares = squared_norms(self.verdicts, between(real, fake))
        penalty = (squares.sqrt() - 1).square().mean()
        attribute_loss = self.attribute_loss(told, attributes)
        right = (told > 0).eq(attributes > 0.5).float().mean()
        batch.metrics |= {
            "real_score": real_verdicts.detach().mean(),
            "fake_score": fake_verdicts.detach().mean(),
            "gradient_penalty": penalty.detach(),
            "attributes_told": right,
        }
        estimate = real_verdicts.mean() - fake_verdicts.mean()
        loss: Tensor = (
            -estimate
            + self.config.lambda_penalty * penalty  # eq. 8
            + self.config.lambda_attributes * attribute_loss  # eq. 2
        )
        return loss

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 6: G deceives D, shows the attributes, and finds the way back."""
        real, attributes = batch.image, batch.data["attributes"]
        wanted = permuted(attributes)
        fake = self.generator(real, wanted)
        verdicts, told = self.discriminator(fake)
        terms = {
            "adversarial": (1.0, -verdicts.mean()),
            "attributes": (
                self.config.lambda_attributes,
                self.attribute_loss(told, wanted),  # eq. 3
            ),
            "cycle": (
                self.config.lambda_cycle,
                l1_loss(self.generator(fake, attributes), real),  # eq. 4
            ),
        }
        if self.config.lambda_identity:
            as_it_is = self.generator(real, attributes)
            terms["identity"] = (self.config.lambda_identity, l1_loss(as_it_is, real))
        batch.metrics |= {name: term.detach() for name, (_, term) in terms.items()}
        return torch.stack([weight * term for weight, term in terms.values()]).sum()

    def verdicts(self, image: Tensor) -> Tensor:
        """Whether patches are real, (n, 1, h, w)."""
        verdicts: Tensor = self.discriminator(image)[0]
        return verdicts

    def attribute_loss(self, told: Tensor, attributes: Tensor) -> Tensor:
        """The cross-entropy, added up over the attributes and averaged over the images."""
        return binary_cross_entropy_with_logits(told, attributes, reduction="sum") / len(told)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the attributes."""
        return self.data.fields["attributes"].names

    def controls(self) -> Mapping[str, Control]:
        return {name: Control("1: it is there, 0: it is not", VALUES) for name in self.names}

    def translate(self, image: Tensor, direction: str, **asked: str) -> Tensor:
        """Each image with what is asked for; all else as D sees it there."""
        attributes = (self.discriminator(image)[1] > 0).to(image.dtype)
        for column, name in enumerate(self.names):
            if name in asked:
                attributes[:, column] = float(asked[name])
        made: Tensor = self.generator(image, attributes)
        return made

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """Rows of ten: images, then the same with each of the first attributes turned over."""
        image, attributes = examples["image"][:COLUMNS], examples["attributes"][:COLUMNS]
        rows = [image]
        for column in range(min(len(self.names), ROWS)):
            turned = attributes.clone()
            turned[:, column] = 1 - turned[:, column]
            rows.append(self.generator(image, turned))
        caption = "as they are, and with the other of " + ", ".join(self.names[:ROWS])
        return Gallery(
            torch.cat(rows),
            columns=len(image),
            made=[row > 0 for row in range(len(rows)) for _ in image],
            caption=caption,
        )


def permuted(attributes: Tensor) -> Tensor:
    """Those of other samples of the batch, so that only such come together as there are."""
    return attributes[torch.rand(len(attributes), device=attributes.device).argsort()]
