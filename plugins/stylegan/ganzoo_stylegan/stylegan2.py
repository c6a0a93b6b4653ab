"""StyleGAN2 (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN")."""

from __future__ import annotations

import math
from collections.abc import Mapping as ByName
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganzoo import Adam, Average, Batch, DataSpec, GanzooError, Phase, Player, option
from ganzoo.adversarial import Regularised, said_by_d
from ganzoo.augmentations import SeenAugmentation, augment_option
from ganzoo.config import LOSS
from ganzoo.convnets import doubled_sides
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import sample_prior
from ganzoo.regularisers import Regulariser, regulariser_option, squared_norms
from ganzoo_stylegan.presets import AUTO_BATCH, PRESETS, automatic_gamma, either
from ganzoo_stylegan.residual import StyleDiscriminator
from ganzoo_stylegan.sizes import stage_widths
from ganzoo_stylegan.synthesis import Mapping, StyleGenerator, Synthesis

PATH_LENGTH_EVERY, R1_EVERY = 4, 16
"""Iterations between two updates by each regulariser (appendix B)."""
NEWEST_LENGTH = 0.01
"""Of a, the mean path length, that each batch renews."""


@dataclass(frozen=True)
class StyleGAN2Config:
    """A preset, and what is to be otherwise than it says."""

    preset: str = option(
        "small", "settings that the others have unless they are given", choices=PRESETS
    )
    width: int | None = option(None, "maps of the widest layers", minimum=1)
    wide_to: int | None = option(
        None, "pixels up to which layers are widest; beyond, each size has half the maps", minimum=4
    )
    latent_dim: int | None = option(None, "dimensions of z and of w", minimum=1)
    mapping: int | None = option(None, "layers from z to w", minimum=1)
    lr: float | None = option(None, "learning rate of both Adams", above=0)
    gamma: float | None = option(None, "weight γ of R1", minimum=0)
    path_length: float | None = option(
        None, "weight of the path length regularisation; 0: without", minimum=0
    )
    mixing: float | None = option(
        None, "probability that the styles of two latents are mixed", minimum=0, maximum=1
    )
    group: int | None = option(
        None, "samples of a batch whose deviation D is told; 1: it is told nothing", minimum=1
    )
    half_life: float | None = option(None, "images until half of G's average is new", minimum=0)
    loss: AdversarialLoss = option(
        "non-saturating", "adversarial loss: a name that `ganzoo losses` lists", names=LOSS
    )
    regulariser: ByName[str, Regulariser] = regulariser_option()
    augment: ByName[str, SeenAugmentation] = augment_option()


class StyleGAN2(Regularised):
    """G maps z to w, which is the style of every layer; D and G are regularised now and then."""

    Config = StyleGAN2Config
    config: StyleGAN2Config
    batchwise = True
    mean_length: Tensor

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 3000, "batch_size": AUTO_BATCH}

    def __init__(self, config: StyleGAN2Config, data: DataSpec) -> None:
        super().__init__(config, data)
        self.scores = config.loss.scores
        chosen = PRESETS[config.preset]
        sides = doubled_sides("stylegan2", data)
        channels, height, width = data.shape
        gamma = either(config.gamma, chosen.gamma)
        self.gamma = automatic_gamma(height, width) if gamma is None else gamma
        if "r1" in (config.regulariser or {}):
            if config.gamma is not None:
                raise GanzooError("--gamma and --regulariser r1 both weigh R1: give one of them")
            self.gamma = 0.0
        self.path_length = either(config.path_length, chosen.path_length)
        self.mixing = either(config.mixing, chosen.mixing)
        self.lr = either(config.lr, chosen.lr)
        self.latent_dim = either(config.latent_dim, chosen.latent_dim)
        self.average = Average(
            half_life=either(config.half_life, chosen.half_life),
            ramp=chosen.ramp,
            copy_buffers=True,  # of w, and of noise, the average has the very values
        )
        widths = stage_widths(
            sides, either(config.width, chosen.width), either(config.wide_to, chosen.wide_to)
        )
        self.generator = StyleGenerator(
            Synthesis(self.latent_dim, widths, sides, channels),
            Mapping(self.latent_dim, either(config.mapping, chosen.mapping)),
        )
        self.discriminator = StyleDiscriminator(
            widths[::-1],
            sides[0],
            channels,
            either(config.group, chosen.group),
            residual=chosen.residual,
        )
        self.equip(self.scores)
        self.register_buffer("mean_length", torch.zeros(()))
        self.synchronised = ("mean_length", "generator.mapping.w_mean", *self.remembered())

    def players(self) -> dict[str, Player]:
        optim = Adam(self.lr, betas=(0.0, 0.99))
        return {
            "generator": Player(optim=optim, ema=self.average),
            "discriminator": Player(optim=optim),
        }

    def phases(self) -> list[Phase]:
        """G, then D, each regularised lazily (appendix B), each time with latents of its own."""
        own_batch = self.config.loss.generator_sees_real
        lazily = partial(Phase, lazy=True, second_order=True)
        phases = [
            Phase("generator", loss=self.generator_loss, fresh=own_batch),
            Phase(
                "discriminator",
                loss=self.discriminator_loss,
                after=self.adapt,
                second_order=self.second_order,
            ),
        ]
        if self.path_length:
            lengths = self.path_length_loss
            phases.insert(1, lazily("path_length", "generator", lengths, every=PATH_LENGTH_EVERY))
        if self.gamma:
            phases.append(lazily("r1", "discriminator", self.r1_loss, every=R1_EVERY))
        return phases + self.lazily()

    def generator_loss(self, batch: Batch) -> Tensor:
        """-E[log D(G(z))], or G's side of another loss."""
        latent = self.sample_latent(len(batch))
        fake, _ = self.draw(latent)
        fake_logits = self.judge(fake)
        sees_real = self.config.loss.generator_sees_real
        loss = self.config.loss.generator(
            fake_logits, self.judge(batch.image) if sees_real else None
        )
        return self.with_nearby(loss, batch, latent, fake, left=False)

    def path_length_loss(self, batch: Batch) -> Tensor:
        """Eq. 4: E[(||J_wᵀ y||₂ - a)²], where y are images of noise and a the mean length.

        Of half as many samples as there are in the batch. The length is the root mean square over
        the layers, each of which has a w of its own.
        """
        image, ws = self.draw(self.sample_latent(max(1, len(batch) // 2)))
        noise = torch.randn_like(image) / math.sqrt(image[0, 0].numel())
        (slopes,) = torch.autograd.grad((image * noise).sum(), ws, create_graph=True)
        lengths = slopes.square().sum(2).mean(1).sqrt()
        # The mean moves first, and the gradient passes through it, as in the authors' code.
        mean = torch.lerp(self.mean_length, lengths.mean(), NEWEST_LENGTH)
        self.mean_length.copy_(mean.detach())
        batch.metrics["path_length"] = lengths.detach().mean()
        return self.path_length * (lengths - mean).square().mean()

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """-E[log D(x)] - E[log(1 - D(G(z)))], or D's side of another loss."""
        fake = self.fakes(batch)
        # Apart from each other: in one pass D would see how far real samples are from fakes.
        fake_logits, real_logits = self.judge(fake), self.judge(batch.image)
        batch.metrics |= said_by_d(self.config.loss, self.augmentations, real_logits, fake_logits)
        loss = self.config.loss.discriminator(real_logits, fake_logits)
        return self.regularised(loss, batch, ((batch.image, real_logits), (fake, fake_logits)))

    def r1_loss(self, batch: Batch) -> Tensor:
        """Mescheder et al. 2018: γ/2 E[||∇D(x)||²], through the augmentation."""
        penalty = squared_norms(self.judge, batch.image).mean()
        batch.metrics["r1"] = penalty.detach()
        return self.gamma / 2 * penalty

    def draw(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Fakes (n, ...) of latents, and the w of their layers, (n, layers, latent_dim)."""
        ws = self.generator.mixed(latent, self.sample_latent(len(latent)), self.mixing)
        return self.generator.synthesis(ws), ws

    def made(self, latent: Tensor, label: Tensor | None) -> Tensor:
        return self.draw(latent)[0]

    def judge(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """D's logits (n,) of samples as D sees them."""
        logits: Tensor = self.discriminator(self.seen(image))
        return logits

    def sample_latent(self, n: int) -> Tensor:
        return sample_prior("normal", n, self.latent_dim, self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.truncated(latent, 1.0)

    def truncated(self, latent: Tensor, psi: float, label: Tensor | None = None) -> Tensor:
        """Not z but w is brought nearer to its mean (Karras et al. 2019, appendix B)."""
        image: Tensor = self.generator(latent, psi)
        return image.clamp(-1, 1)
