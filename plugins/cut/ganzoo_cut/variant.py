"""CUT and FastCUT (Park et al. 2020): a translator from domain a to domain b, without a way back.

The paper's X is domain a and its Y domain b. `heads` is its H, an MLP for each of the layers of G
whose maps are compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import Adam, Batch, DataSpec, Gallery, Phase, Player, Variant, option
from ganzoo.abilities import Direction, Translator
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.config import LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import init_xavier
from ganzoo.networks.translators import (
    MULTIPLE,
    check_images,
    patch_discriminator,
    resnet_generator,
)
from ganzoo.schedules import decays
from ganzoo_cut.contrast import Heads, choose_places, patch_nce

GAN_WEIGHT = 2.0
"""The paper's least squares are (D(x) - 1)^2, and those of `ganzoo.losses` half of that."""
GAIN = 0.02
"""Of the initial weights."""
FIRST_BLOCK = 12
"""The place of the first residual block among the layers of G."""


@dataclass(frozen=True)
class CUTConfig:
    """The settings of CUT."""

    loss: AdversarialLoss = option(
        "least-squares", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    lambda_x: float = option(1.0, "weight of the contrast of a and its translation", minimum=0)
    lambda_y: float = option(1.0, "weight of the contrast of b and what G makes of it", minimum=0)
    patches: int = option(256, "places of each layer that are compared", minimum=2)
    temperature: float = option(0.07, "temperature of the contrast (τ)", above=0)
    width: int = option(64, "feature maps next to the image", minimum=1)
    blocks: int = option(9, "residual blocks of the generator", minimum=1)
    lr: float = option(2e-4, "learning rate of all Adams; falls to 0 at the end", above=0)
    beta1: float = option(0.5, "first-moment decay of all Adams", minimum=0, maximum=0.9999)
    ema: float = option(
        0.0, "decay of the average of the generator that images come from", minimum=0, maximum=1
    )


class CUT(Variant, Translator):
    """The game of eq. 5, with least squares."""

    Config = CUTConfig
    config: CUTConfig
    directions = (Direction("a2b", "a", "b"),)
    multiple = MULTIPLE
    epochs = 400
    """Of 1,000 images, where the paper's networks are trained."""
    decay_from = 0.5
    """The share of the training after which the learning rates fall."""

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if not data.is_image or min(data.shape[1:]) < 64:
            return {"steps": 2000, "batch_size": 4, "width": 16, "blocks": 6}
        return {"steps": 1000 * cls.epochs, "batch_size": 1}

    def __init__(self, config: CUTConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images(type(self).__name__.lower(), data)
        self.loss = config.loss
        self.scores = config.loss.scores
        self.generator = resnet_generator(config.width, config.blocks, data, antialiased=True)
        self.discriminator = patch_discriminator(config.width, data, antialiased=True)
        # Pixels, the convolutions before each halving, the first and the fifth residual block.
        fifth = FIRST_BLOCK + min(config.blocks, 5) - 1
        self.layers = (0, 4, 8, *sorted({FIRST_BLOCK, fifth}))
        w = config.width
        self.heads = Heads([data.shape[0], 2 * w, 4 * w, *(4 * w for _ in self.layers[3:])])
        init_xavier(self, GAIN)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(self.config.beta1, 0.999))
        return {
            "discriminator": Player(("discriminator",), optim),
            "generator": Player(("generator", "heads"), optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("discriminator", loss=self.discriminator_loss),
            Phase("generator", loss=self.generator_loss),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), self.decay_from)

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Eq. 1, halved as in the authors' code."""
        with torch.no_grad():
            fake = self.generator(self.shown(batch))
        real_logits = self.discriminator(batch.data["b"])
        fake_logits = self.discriminator(fake)
        batch.metrics["real_score"] = self.loss.score(real_logits.detach()).mean()
        batch.metrics["fake_score"] = self.loss.score(fake_logits.detach()).mean()
        return 0.5 * GAN_WEIGHT * self.loss.discriminator(real_logits, fake_logits)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 5, of whose two contrasts the code has the mean."""
        a, b = batch.data["a"], batch.data["b"]
        fake = self.generator(self.shown(batch))
        real_logits = self.discriminator(b) if self.loss.generator_sees_real else None
        adversarial = GAN_WEIGHT * self.loss.generator(self.discriminator(fake), real_logits)
        contrasts = {"contrast_a": self.contrast(a, self.features_of(fake, batch))}
        weights = [self.config.lambda_x]
        if self.config.lambda_y:
            contrasts["contrast_b"] = self.contrast(b, self.encode(self.generator(b)))
            weights.append(self.config.lambda_y)
        terms = {"adversarial": adversarial} | contrasts
        batch.metrics |= {name: term.detach() for name, term in terms.items()}
        weighed = [w * term for w, term in zip(weights, contrasts.values(), strict=True)]
        return adversarial + torch.stack(weighed).mean()

    def shown(self, batch: Batch) -> Tensor:
        """What G is given of domain a."""
        return batch.data["a"]

    def features_of(self, fake: Tensor, batch: Batch) -> list[Tensor]:
        """The maps of translations of what was `shown`, at the places of the originals'."""
        return self.encode(fake)

    def contrast(self, source: Tensor, features: Sequence[Tensor]) -> Tensor:
        """Eq. 4: the mean over the layers; nothing is learned from the side of the source.

        Args:
            source: images.
            features: maps of their translations, as `encode` gives them.
        """
        places = choose_places(features, self.config.patches)
        with torch.no_grad():
            keys = self.heads(self.encode(source), places)
        queries = self.heads(features, places)
        tau = self.config.temperature
        losses = [patch_nce(q, k, tau) for q, k in zip(queries, keys, strict=True)]
        return torch.stack(losses).mean()

    def encode(self, image: Tensor) -> list[Tensor]:
        """The maps of G's `layers`, (n, maps, height, width) each."""
        found = []
        for place, layer in enumerate(self.generator[: self.layers[-1] + 1]):
            image = layer(image)
            if place in self.layers:
                found.append(image)
        return found

    def translate(self, image: Tensor, direction: str) -> Tensor:
        translated: Tensor = self.generator(image)
        return translated

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """Rows of ten: a, a -> b, b, and what G makes of b."""
        a, b = examples["a"][:COLUMNS], examples["b"][:COLUMNS]
        rows = [a, self.generator(a), b, self.generator(b)]
        return Gallery.of_rows(rows, made=[False, True, False, False])


@dataclass(frozen=True)
class FastCUTConfig(CUTConfig):
    """The settings of FastCUT."""

    lambda_x: float = option(10.0, "weight of the contrast of a and its translation", minimum=0)
    lambda_y: float = option(0.0, "weight of the contrast of b and what G makes of it", minimum=0)


class FastCUT(CUT):
    """CUT without what G makes of b; half of the time G sees images in a mirror."""

    Config = FastCUTConfig
    config: FastCUTConfig
    epochs = 200
    decay_from = 0.75

    def shown(self, batch: Batch) -> Tensor:
        """All images of the batch as they are, or all of them mirrored."""
        a = batch.data["a"]
        if "mirrored" not in batch.shared:
            batch.shared["mirrored"] = torch.rand((), device=a.device) < 0.5
        return torch.where(batch.shared["mirrored"], a.flip(3), a)

    def features_of(self, fake: Tensor, batch: Batch) -> list[Tensor]:
        """Mirrored back."""
        mirrored = batch.shared["mirrored"]
        return [torch.where(mirrored, maps.flip(3), maps) for maps in self.encode(fake)]
