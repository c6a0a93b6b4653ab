"""R3GAN (Huang et al. 2024): the relativistic pairing loss with R1 and R2 at every step.

The pairing loss is that of Jolicoeur-Martineau 2019, and R1 and R2 are those of Mescheder et al.
2018; section 2 shows that together they make a game that converges locally.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from ganzoo import (
    Adam,
    Average,
    Batch,
    DataSpec,
    GanzooError,
    Phase,
    Player,
    Progress,
    Variant,
    option,
)
from ganzoo.augmentations import SeenAugmentation, augment_option
from ganzoo.config import LOSS
from ganzoo.convnets import doubled_sides
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import sample_prior
from ganzoo_r3gan.networks import EXPANSION, GROUP, R3Discriminator, R3Generator
from ganzoo_r3gan.presets import PRESETS

Number = TypeVar("Number", int, float)
LR_FALLS_TO, GAMMA_FALLS_TO = 1 / 4, 1 / 10
"""Of what they are at the beginning: so in all of the authors' presets."""
BETA2 = 0.9, 0.99
"""At the beginning and at the end."""


@dataclass(frozen=True)
class R3GANConfig:
    """A preset, and what is to be otherwise than it says."""

    preset: str = option(
        "small", "settings that the others have unless they are given", choices=PRESETS
    )
    width: int | None = option(
        None, f"channels of the widest stages, a multiple of {GROUP // EXPANSION}", minimum=8
    )
    wide_to: int | None = option(
        None, "pixels up to which stages are widest; beyond, each has half the channels", minimum=4
    )
    blocks: int | None = option(None, "residual blocks a stage", minimum=1)
    patch: int | None = option(
        None,
        "pixels a side of the squares that are one position of the largest maps: 1, 2 or 4",
        minimum=1,
        maximum=4,
    )
    lr: float | None = option(
        None, "learning rate of both Adams at the beginning; it falls to a quarter", above=0
    )
    gamma: float | None = option(
        None, "weight γ of R1 and R2 at the beginning; it falls to a tenth", minimum=0
    )
    half_life: float | None = option(
        None, "images until half of G's average is new, at the end; it grows from 0", minimum=0
    )
    dials_until: float = option(
        1.0, "progress at which these have come to their end", above=0, maximum=1
    )
    loss: AdversarialLoss = option(
        "relativistic", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    latent_dim: int = option(64, "dimensions of the latent z", minimum=1)
    augment: Mapping[str, SeenAugmentation] = augment_option()
    augment_p: float | None = option(
        None,
        "probability at the end of what --augment names and has one; it grows from 0",
        minimum=0,
        maximum=1,
    )


class R3GAN(Variant):
    """C, the discriminator, says by how much a sample looks more real than another."""

    Config = R3GANConfig
    config: R3GANConfig
    name: ClassVar[str] = "r3gan"
    without: ClassVar[Mapping[str, str]] = {
        "regulariser": "R1 and R2, at every step and both weighed by --gamma, are what the game is"
    }

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 3000, "batch_size": 64}

    def __init__(self, config: R3GANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.scores = config.loss.scores
        chosen = PRESETS[config.preset]
        self.lr = _either(config.lr, chosen.lr)
        self.gamma_at_first = _either(config.gamma, chosen.gamma)
        self.half_life = _either(config.half_life, chosen.half_life)
        width, count = _either(config.width, chosen.width), _either(config.blocks, chosen.blocks)
        sides = stage_sides(doubled_sides(self.name, data), _either(config.patch, chosen.patch))
        patch = data.shape[1] // sides[-1][0]
        widths = stage_widths(sides, width, _either(config.wide_to, chosen.wide_to))
        classes = data.classes if self.conditional else 0
        smallest, channels = sides[0], data.shape[0]
        self.generator = R3Generator(
            config.latent_dim, widths, smallest, channels, count, classes, patch
        )
        self.discriminator = R3Discriminator(
            widths[::-1], smallest, channels, count, classes, patch
        )
        self.augmentations = nn.ModuleDict(config.augment)
        for name, augmentation in config.augment.items():
            augmentation.check(data)
            if augmentation.observes:
                raise GanzooError(
                    f"--augment {name} adapts to how many samples of the data D takes for real, of "
                    "which the verdicts of r3gan's say nothing: use ada:target=0,p=0.3 or another"
                )
        end = chosen.augment_p if config.augment_p is None else config.augment_p
        self.growing = {} if end is None else dict.fromkeys(growing(config), end)
        self.gamma: Tensor
        self.register_buffer("gamma", torch.tensor(self.gamma_at_first))

    def players(self) -> dict[str, Player]:
        optim = Adam(self.lr, betas=(0.0, BETA2[0]))
        average = Average(half_life=self.half_life, copy_buffers=True)
        return {
            "discriminator": Player(optim=optim),
            "generator": Player(optim=optim, ema=average),
        }

    def dials(self, now: Progress) -> Mapping[str, float]:
        """All go from their first to their last value in half a cosine."""
        share = (1 - math.cos(math.pi * min(1.0, now.share / self.config.dials_until))) / 2

        def between(first: float, last: float) -> float:
            return first + share * (last - first)

        return {
            "gamma": self.gamma_at_first * between(1, GAMMA_FALLS_TO),
            "generator.half_life": between(0, self.half_life),
            **{name: between(0, end) for name, end in self.growing.items()},
            **{f"{player}.lr": between(1, LR_FALLS_TO) for player in self.players()},
            **{f"{player}.beta2": between(*BETA2) for player in self.players()},
        }

    def phases(self) -> list[Phase]:
        """D first, then G, each with real samples and latents of its own."""
        return [
            Phase("discriminator", loss=self.discriminator_loss, second_order=True),
            Phase("generator", loss=self.generator_loss, fresh=True),
        ]

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Section 2: E[f(-(C(x) - C(G(z))))] + R1 + R2, with f(t) = log(1 + eᵗ)."""
        with torch.no_grad():
            fake = self.draw(batch)
        both = torch.cat([batch.image, fake]).requires_grad_()
        logits = self.judge(both, batch)
        real_logits, fake_logits = logits.chunk(2)
        # Through the augmentation, with respect to the samples as they are.
        (slopes,) = torch.autograd.grad(logits.sum(), both, create_graph=True)
        r1, r2 = slopes.square().flatten(1).sum(1).chunk(2)
        batch.metrics["r1"] = r1.detach().mean()
        batch.metrics["r2"] = r2.detach().mean()
        batch.metrics["gap"] = (real_logits - fake_logits).detach().mean()
        loss = self.config.loss.discriminator(real_logits, fake_logits)
        return loss + self.gamma / 2 * (r1 + r2).mean()

    def generator_loss(self, batch: Batch) -> Tensor:
        """Section 2, with the roles exchanged: E[f(-(C(G(z)) - C(x)))]."""
        fake_logits = self.judge(self.draw(batch), batch)
        with torch.no_grad():  # no real sample depends on G
            real_logits = self.judge(batch.image, batch)
        return self.config.loss.generator(fake_logits, real_logits)

    def draw(self, batch: Batch) -> Tensor:
        """Fakes (n, ...) of new latents, for the labels of the batch where there are any."""
        fake: Tensor = self.generator(self.sample_latent(len(batch)), self._told(batch))
        return fake

    def judge(self, samples: Tensor, batch: Batch) -> Tensor:
        """C of samples as D sees them: of one for each of the batch, or of several in turn.

        In one pass, as no layer of it makes a sample depend on the others.
        """
        for augmentation in self.augmentations.values():
            samples = augmentation(samples)
        label = self._told(batch)
        if label is not None:
            label = label.repeat(len(samples) // len(batch))
        verdicts: Tensor = self.discriminator(samples, label)
        return verdicts

    def _told(self, batch: Batch) -> Tensor | None:
        return batch.label if self.conditional else None

    def sample_latent(self, n: int) -> Tensor:
        return sample_prior("normal", n, self.config.latent_dim, self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        image: Tensor = self.generator(latent, label)
        return image.clamp(-1, 1)


class ConditionalR3GAN(R3GAN):
    """Both networks are told the label."""

    name = "r3gan-cond"
    conditional = True


def growing(config: R3GANConfig) -> list[str]:
    """The probabilities that a dial may have, as buffers of the variant: those that begin at 0.

    Raises:
        GanzooError: a dial is asked for, and there is none, or one has a value already.
    """
    found = {
        name: float(value)
        for name, augmentation in config.augment.items()
        for buffer, value in augmentation.named_buffers(recurse=False)
        if buffer == "p"
    }
    if config.augment_p is not None:
        if not found:
            raise GanzooError(
                f"--augment-p {config.augment_p:g} is for an augmentation that has a probability, "
                "and there is none: add --augment ada:target=0"
            )
        for name, p in found.items():
            if p:
                raise GanzooError(
                    f"--augment {name} has p={p:g}, and --augment-p {config.augment_p:g} would "
                    "have it grow from 0: give one of them"
                )
    return [f"augmentations.{name}.p" for name, p in found.items() if not p]


def _either(given: Number | None, otherwise: Number) -> Number:
    return otherwise if given is None else given


def stage_sides(sides: list[tuple[int, int]], patch: int) -> list[tuple[int, int]]:
    """The sizes of the maps of each stage, where squares of the image are single positions.

    Args:
        sides: (height, width) from the smallest maps to the image, each twice the last.
        patch: pixels a side of a square; of images too small for it less, so that a stage is left.

    Raises:
        GanzooError: `patch` is not 1, 2, 4, ...
    """
    halvings = patch.bit_length() - 1
    if patch != 2**halvings:
        raise GanzooError(f"--patch {patch} must be 1, 2 or 4, as maps are halved and doubled")
    return sides[: max(1, len(sides) - halvings)]


def stage_widths(sides: list[tuple[int, int]], width: int, wide_to: int) -> list[int]:
    """The channels of each stage: `width` up to maps of `wide_to` pixels, then half at each.

    Multiples of the least that can be: one group of the grouped convolution.

    Raises:
        GanzooError: `width` is none.
    """
    least = GROUP // EXPANSION
    if width % least:
        raise GanzooError(
            f"--width {width} must be a multiple of {least}: try {width + least - width % least}"
        )
    widths: list[int] = []
    for side in sides:
        narrow = widths and min(side) > wide_to
        widths.append(max(least, widths[-1] // 2 // least * least) if narrow else width)
    return widths
