"""Pix2Pix (Isola et al. 2017): a translator of images, taught by pairs.

With the terms of pix2pixHD (Wang et al. 2018) at wish: discriminators at several scales, and the
matching of their features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from ganzoo import (
    Adam,
    Batch,
    DataSpec,
    Gallery,
    GanzooError,
    Phase,
    Player,
    Variant,
    option,
)
from ganzoo.abilities import Direction, Translator
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.config import LOSS
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import init_normal
from ganzoo.networks.unet import NORMS, UNet, halvings_of
from ganzoo.schedules import decays
from ganzoo_pix2pix.lab import colours, joined, lightness
from ganzoo_pix2pix.patchgan import MultiScale, largest_depth
from ganzoo_pix2pix.show import in_colour

SMALLEST_IMAGE = 16


@dataclass(frozen=True)
class Pix2PixConfig:
    """The settings of Pix2Pix."""

    loss: AdversarialLoss = option(
        "non-saturating", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    lambda_l1: float = option(100.0, "weight of the distance to the target (λ)", minimum=0)
    lambda_gan: float = option(
        1.0, "weight of the adversarial loss; 0 leaves it out, as in table 1", minimum=0
    )
    lambda_features: float = option(
        0.0, "weight of the matching of D's features (pix2pixHD: 10)", minimum=0
    )
    scales: int = option(
        1, "discriminators, each at half the size of the last (pix2pixHD's code: 2)", minimum=1
    )
    layers: int = option(
        3, "layers of stride 2 in D: 3 judge patches of 70 pixels a side, 0 pixels", minimum=0
    )
    width: int = option(64, "feature maps of each network's first layer", minimum=1)
    dropout: float = option(
        0.5, "share of G's inner values that noise leaves out", minimum=0, maximum=0.9
    )
    norm: str = option(
        "image", "what D and G normalise over in training: each image, or the batch", choices=NORMS
    )
    reverse: bool = option(False, "translate targets into sources")
    lab: bool = option(
        False, "keep the lightness of gray sources, and make colours alone, as for A/colourise"
    )
    lr: float = option(2e-4, "learning rate of both Adams", above=0)
    beta1: float = option(0.5, "first-moment decay of both Adams", minimum=0, maximum=0.9999)
    decay_from: float = option(
        1.0, "share of the training after which the learning rate falls to 0", minimum=0, maximum=1
    )
    ema: float = option(
        0.0, "decay of the average of G that images come from", minimum=0, maximum=1
    )


class Pix2Pix(Variant, Translator):
    """G translates x into y; D sees x beside y, patch by patch."""

    Config = Pix2PixConfig
    config: Pix2PixConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        side = min(data.shape[1:])
        if side >= 128:
            return {"steps": 80_000, "batch_size": 1}
        layers = 2 if side >= 28 else 1
        steps = 6000 if side >= 64 else 3000
        return {"steps": steps, "batch_size": 4, "width": 16, "layers": layers}

    def __init__(self, config: Pix2PixConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        way = ("target", "source") if config.reverse else ("source", "target")
        self.directions = (Direction("2".join(way), *way),)
        self.stochastic = config.dropout > 0
        (source, height, width), (target, *_) = (data.fields[name].shape for name in way)
        self.check(min(height, width))
        if config.lab:
            if (source, target) != (1, 3):
                raise GanzooError(
                    f"--lab makes colours of gray images, and those of '{data.name}' have {source} "
                    f"channels and become {target}: leave it out, or use --dataset NAME/colourise"
                )
            target = 2
        self.generator = UNet(
            source, target, config.width, halvings_of(height, width), config.norm, config.dropout
        )
        if self.has_judge:
            self.discriminator = MultiScale(
                source + target, config.width, config.layers, config.norm, config.scales
            )
        self.loss = config.loss
        self.scores = config.loss.scores
        init_normal(self)

    multiple = 1  # the way out goes through the sizes of the way in

    def check(self, side: int) -> None:
        """Refuse images, and settings, that leave D no patch, or G nothing to minimise.

        Args:
            side: the shorter one, in pixels.
        """
        config = self.config
        if side < SMALLEST_IMAGE:
            raise GanzooError(
                f"pix2pix needs images of at least {SMALLEST_IMAGE} pixels a side, and those of "
                f"'{self.data.name}' are {self.data}: try --image-size 32"
            )
        if not (self.has_judge or config.lambda_l1):
            raise GanzooError("all weights are 0: give --lambda-l1 or --lambda-gan a value")
        least = side >> (config.scales - 1)
        if self.has_judge and config.layers > (deepest := largest_depth(least)):
            raise GanzooError(
                f"the smallest images that D sees here have {least} pixels a side, and allow "
                f"--layers {deepest} at most, not {config.layers}: use fewer --layers or --scales"
            )

    @property
    def has_judge(self) -> bool:
        """Whether there is a D."""
        return self.config.lambda_gan > 0 or self.config.lambda_features > 0

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(self.config.beta1, 0.999))
        players = {"generator": Player(optim=optim, ema=self.config.ema)}
        if self.has_judge:
            players["discriminator"] = Player(optim=optim)
        return players

    def phases(self) -> list[Phase]:
        phases = [Phase("generator", loss=self.generator_loss)]
        if self.has_judge:
            phases.append(Phase("discriminator", loss=self.discriminator_loss))
        return phases

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), self.config.decay_from)

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The paper's x and y; of Lab the lightness, and the colours."""
        (way,) = self.directions
        x, y = batch.data[way.source], batch.data[way.target]
        return (lightness(x), colours(y)) if self.config.lab else (x, y)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 4, and the matching of features (Wang et al. 2018, section 3.2) where it counts."""
        x, y = self.pair(batch)
        fake = self.generator(x)
        batch.shared["fake"] = fake.detach()
        distance = l1_loss(fake, y)  # eq. 3
        batch.metrics["l1"] = distance.detach()
        loss = self.config.lambda_l1 * distance
        if not self.has_judge:
            return loss
        seen = self.discriminator(torch.cat((x, fake), 1))
        needs_real = self.config.lambda_features > 0 or self.loss.generator_sees_real
        real = self.discriminator(torch.cat((x, y), 1)) if needs_real else seen
        if self.config.lambda_gan:
            deception = torch.stack(
                [
                    self.loss.generator(one[-1], other[-1])
                    for one, other in zip(seen, real, strict=True)
                ]
            ).sum()
            batch.metrics["adversarial"] = deception.detach()
            loss = loss + self.config.lambda_gan * deception
        if self.config.lambda_features:
            matching = feature_matching(real, seen)
            batch.metrics["features"] = matching.detach()
            loss = loss + self.config.lambda_features * matching
        return loss

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Eq. 1, halved as section 3.3 says; of several scales the sum."""
        x, y = self.pair(batch)
        real = [seen[-1] for seen in self.discriminator(torch.cat((x, y), 1))]
        fake = [seen[-1] for seen in self.discriminator(torch.cat((x, batch.shared["fake"]), 1))]
        for name, logits in (("real_score", real), ("fake_score", fake)):
            scores = [self.loss.score(each.detach()).mean() for each in logits]
            batch.metrics[name] = torch.stack(scores).mean()
        losses = [self.loss.discriminator(*each) for each in zip(real, fake, strict=True)]
        return 0.5 * torch.stack(losses).sum()

    def translate(self, image: Tensor, direction: str) -> Tensor:
        if self.config.lab:
            light = lightness(image)
            return joined(light, self.generator(light))
        translated: Tensor = self.generator(image)
        return translated

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """A row of x, one of G(x) and one of y."""
        (way,) = self.directions
        x, y = (examples[name][:COLUMNS] for name in (way.source, way.target))
        rows = in_colour(x, self.translate(x, way.name), y)
        made = [number == 1 for number, row in enumerate(rows) for _ in row]
        return Gallery(torch.cat(rows), columns=len(x), made=made)


def feature_matching(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """How far D's features of fakes are from those of real pairs (Wang et al. 2018, section 3.2).

    As their code has it: a mean over the layers before the logits, times 4, and over the scales.

    Args:
        real: by scale and layer, (n, ...); G's gradient does not pass through it.
        fake: likewise.
    """
    scales = []
    for of_real, of_fake in zip(real, fake, strict=True):
        layers = [
            l1_loss(one, other.detach())
            for one, other in zip(of_fake[:-1], of_real[:-1], strict=True)
        ]
        scales.append(4 * torch.stack(layers).mean())
    return torch.stack(scales).mean()
