"""ProGAN (Karras et al. 2018, "Progressive Growing of GANs")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import (
    Adam,
    Batch,
    DataSpec,
    GanzooError,
    Phase,
    Player,
    Progress,
    Stage,
    option,
)
from ganzoo.adversarial import Regularised
from ganzoo.augmentations import SeenAugmentation, augment_option
from ganzoo.convnets import doubled_sides
from ganzoo.losses import wasserstein
from ganzoo.networks import sample_prior
from ganzoo.regularisers import Regulariser, between, regulariser_option, squared_norms
from ganzoo_stylegan.growing import GrowingDiscriminator, GrowingGenerator, Level, faded
from ganzoo_stylegan.presets import GROWING_PRESETS, either
from ganzoo_stylegan.sizes import stage_widths

PENALTY, DRIFT = 10.0, 0.001
"""λ of WGAN-GP, and ε_drift (appendix A.1)."""
BATCH = 32


@dataclass(frozen=True)
class ProGANConfig:
    """A preset, and what is to be otherwise than it says."""

    preset: str = option(
        "small",
        "settings that the others have unless they are given",
        choices=GROWING_PRESETS,
    )
    width: int | None = option(None, "maps of the widest layers", minimum=1)
    wide_to: int | None = option(
        None, "pixels up to which layers are widest; beyond, each size has half the maps", minimum=4
    )
    latent_dim: int | None = option(None, "dimensions of the latent z", minimum=1)
    stable: int | None = option(
        None, "images that each level is trained on once it is in", minimum=1
    )
    fading: int | None = option(None, "images while each new level fades in", minimum=0)
    slope: float | None = option(None, "norm of D's gradient that the penalty asks for", above=0)
    batch_sizes: tuple[int, ...] = option(
        (), "images a batch of each level, the last for all further ones; none: --batch-size"
    )
    lr: float = option(1e-3, "learning rate of both Adams", above=0)
    group: int = option(
        4, "samples of a batch whose deviation D is told; 1: it is told nothing", minimum=1
    )
    ema: float = option(
        0.999, "decay of the average of G's weights that samples come from", minimum=0, maximum=1
    )
    regulariser: Mapping[str, Regulariser] = regulariser_option()
    augment: Mapping[str, SeenAugmentation] = augment_option()


class ProGAN(Regularised):
    """Both networks begin with small images, and grow by a block at a time, which fades in."""

    Config = ProGANConfig
    config: ProGANConfig
    level: Level
    scores = wasserstein.scores
    batchwise = True

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        """As long as the small preset takes to grow, and then as long again as a level does."""
        small = GROWING_PRESETS["small"]
        levels = len(doubled_sides("progan", data))
        images = levels * (small.fading + small.stable)
        return {"steps": -(-images // BATCH), "batch_size": BATCH}

    def __init__(self, config: ProGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        chosen = GROWING_PRESETS[config.preset]
        sides = doubled_sides("progan", data)
        self.top = len(sides) - 1
        self.stable = either(config.stable, chosen.stable)
        self.fading = either(config.fading, chosen.fading)
        self.slope = either(config.slope, chosen.slope)
        self.latent_dim = either(config.latent_dim, chosen.latent_dim)
        widths = stage_widths(
            sides, either(config.width, chosen.width), either(config.wide_to, chosen.wide_to)
        )
        smallest, channels = sides[0], data.shape[0]
        self.generator = GrowingGenerator(self.latent_dim, widths, smallest, channels)
        self.discriminator = GrowingDiscriminator(widths, smallest, channels, config.group)
        first = DataSpec.images((channels, *smallest), name=f"{data.name} at the first level")
        self.equip(self.scores, first)
        self.synchronised = self.remembered()

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.0, 0.99))
        return {
            "discriminator": Player(optim=optim),
            "generator": Player(optim=optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        """D, then G, each with latents of its own."""
        return [
            Phase(
                "discriminator", loss=self.discriminator_loss, after=self.adapt, second_order=True
            ),
            Phase("generator", loss=self.generator_loss),
            *self.lazily(),
        ]

    def grown(self, images: int) -> tuple[Level, float]:
        """The level after so many images, and how far it has faded in."""
        if images < self.stable:
            return Level(0, fading=False), 1.0
        number, since = divmod(images - self.stable, self.fading + self.stable)
        if number >= self.top:
            return Level(self.top, fading=False), 1.0
        fading = since < self.fading
        return Level(number + 1, fading), since / self.fading if fading else 1.0

    def stage(self, now: Progress) -> Stage:
        """As in the authors' code, Adam forgets whenever a level begins or has faded in."""
        level, _ = self.grown(now.images)
        sizes = self.config.batch_sizes
        size = sizes[min(level.number, len(sizes) - 1)] if sizes else None
        return Stage(level, batch_size=size, resets=("generator", "discriminator"))

    def dials(self, now: Progress) -> Mapping[str, float]:
        return {"generator.fade": self.grown(now.images)[1]}

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """WGAN-GP (eq. 3 of Gulrajani et al. 2017), with a slope γ and a drift.

        E[D(G(z))] - E[D(x)] + λ/γ² E[(||∇D(x̂)|| - γ)²] + ε E[D(x)²]
        """
        image = batch.shared["real"] = self.real(batch)
        fake = self.fakes(batch)
        real_logits, fake_logits = self.judge(image), self.judge(fake)
        norms = squared_norms(self.judge, between(image, fake)).sqrt()
        penalty = (norms / self.slope - 1).square().mean()
        batch.metrics["real_score"] = real_logits.detach().mean()
        batch.metrics["fake_score"] = fake_logits.detach().mean()
        batch.metrics["gradient_penalty"] = penalty.detach()
        wasserstein_loss = fake_logits.mean() - real_logits.mean()
        loss = wasserstein_loss + PENALTY * penalty + DRIFT * real_logits.square().mean()
        return self.regularised(loss, batch, ((image, real_logits), (fake, fake_logits)))

    def generator_loss(self, batch: Batch) -> Tensor:
        """-E[D(G(z))]."""
        latent = self.sample_latent(len(batch))
        fake = self.made(latent, None)
        return self.with_nearby(-self.judge(fake).mean(), batch, latent, fake, left=False)

    def real(self, batch: Batch) -> Tensor:
        """Real images of the level's size, as coarse as the fakes are while it fades in."""
        if "real" in batch.shared:
            return batch.shared["real"]
        image = avg_pool2d(batch.image, 2 ** (self.top - self.level.number))
        return faded(image, self.generator.fade) if self.level.fading else image

    def made(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """Fakes of the level's size."""
        fake: Tensor = self.generator(latent, self.level)
        return fake

    def judge(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """D's verdicts (n,) on images of the level's size, as it sees them."""
        verdicts: Tensor = self.discriminator(self.seen(image), self.level, self.generator.fade)
        return verdicts

    def sample_latent(self, n: int) -> Tensor:
        return sample_prior("normal", n, self.latent_dim, self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Samples of the level that is reached, as large as the data."""
        image = interpolate(self.generator(latent, self.level), self.data.shape[1:])
        return image.clamp(-1, 1)

    def truncated(self, latent: Tensor, psi: float, label: Tensor | None = None) -> Tensor:
        """As z is brought to unit length, there is nothing that could be nearer to its mean.

        Raises:
            GanzooError: it is asked for all the same.
        """
        if psi != 1:
            raise GanzooError(
                "progan brings every z to one length, so that --truncation would change nothing: "
                "leave it out"
            )
        return self(latent, label)
