"""InfoGAN (Chen et al. 2016): G is to say the code c in the image, so that Q can tell it.

As in the authors' code Q is a second head of D: both players minimise -λ L_I besides their own loss
(eq. 6), D's Adam moves the shared layers and Q, and G's Adam moves G alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import Adam, Batch, Dataset, DataSpec, Gallery, Phase, Player, option
from ganzoo.adversarial import Regularised, said_by_d
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.augmentations import SeenAugmentation, augment_option
from ganzoo.convnets import check_images
from ganzoo.data.feed import first_samples
from ganzoo.losses import non_saturating
from ganzoo.networks import init_normal
from ganzoo.regularisers import Regulariser, regulariser_option
from ganzoo_infogan.bound import categorical_bound, continuous_bound
from ganzoo_infogan.codes import Asked, Code, Latents
from ganzoo_infogan.matching import greatest_agreement
from ganzoo_infogan.networks import DiscriminatorHead, InfoGenerator, RecognitionHead, Trunk

MOST_ROWS = 20
"""Values of c1 that a picture shows."""
ROWS_OF_EACH = 5
"""Of a picture, for each continuous code: figure 2."""
FURTHEST = 2.0
"""Continuous codes are shown from -2 to 2, as in figure 2: beyond what G was trained on."""
CHUNK = 500
"""Images that Q sees at once."""


@dataclass(frozen=True)
class InfoGANConfig:
    """The codes, and the settings of appendix C."""

    categories: int = option(10, "values of the categorical code c1 (K)", minimum=2)
    continuous: int = option(2, "number of continuous codes c2, c3, ... ~ U(-1, 1)", minimum=0)
    learn_std: bool = option(False, "Q tells how sure it is of continuous codes; else its std is 1")
    info_weight: float = option(1.0, "weight λ of the bound L_I in both losses", minimum=0)
    latent_dim: int = option(62, "dimensions of the noise z ~ U(-1, 1)", minimum=1)
    width: int = option(16, "feature maps next to the image; the authors' are 64", minimum=1)
    leak: float = option(
        0.01, "slope of D's and Q's LeakyReLUs below 0; appendix C has 0.1", minimum=0, maximum=1
    )
    lr: float = option(2e-4, "learning rate of the Adam of D and Q", above=0)
    generator_lr: float = option(1e-3, "learning rate of G's Adam", above=0)
    beta1: float = option(0.5, "first-moment decay of both Adams", minimum=0, maximum=0.9999)
    ema: float = option(
        0.999, "decay of the average of G's weights that samples come from", minimum=0, maximum=1
    )
    regulariser: Mapping[str, Regulariser] = regulariser_option()
    augment: Mapping[str, SeenAugmentation] = augment_option()


class InfoGAN(Regularised):
    """G(z, c), and D(x) and Q(c|x), which are two heads of one network."""

    Config = InfoGANConfig
    Sampling = Asked
    config: InfoGANConfig
    sampling: Asked
    prior = "uniform"  # and the one-hot c1 is gone over straight as well
    held_out = True

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 5000, "batch_size": 128}

    def __init__(self, config: InfoGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("infogan", data)
        self.latents = Latents(config.latent_dim, config.categories, config.continuous)
        of_continuous = (2 if config.learn_std else 1) * config.continuous
        self.generator = InfoGenerator(self.latents.size, config.width, data)
        self.trunk = Trunk(config.width, data, config.leak)
        self.discriminator = DiscriminatorHead(config.width)
        self.recognition = RecognitionHead(
            config.width, config.categories + of_continuous, config.leak
        )
        init_normal(self)
        self.equip(self.scores)
        self.synchronised = self.remembered()

    def players(self) -> dict[str, Player]:
        betas = self.config.beta1, 0.999
        return {
            "discriminator": Player(
                ("trunk", "discriminator", "recognition"), Adam(self.config.lr, betas)
            ),
            "generator": Player(optim=Adam(self.config.generator_lr, betas), ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        """D and Q first, then G, each with latents of its own."""
        return [
            Phase(
                "discriminator",
                loss=self.discriminator_loss,
                after=self.adapt,
                second_order=self.second_order,
            ),
            Phase("generator", loss=self.generator_loss),
            *self.lazily(),
        ]

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Eq. 6 for D and Q: -E[log D(x)] - E[log(1 - D(G(z, c)))] - λ L_I(G, Q)."""
        latent = self.sample_latent(len(batch))
        fake = self.fakes(batch, latent)
        real_features, features = self.features_of(batch.image, fake)
        real_logits, fake_logits = self.discriminator(real_features), self.discriminator(features)
        categorical, continuous = self.bound(latent, features)
        batch.metrics |= said_by_d(non_saturating, self.augmentations, real_logits, fake_logits)
        batch.metrics["categorical_bound"] = categorical.detach()
        if self.config.continuous:
            batch.metrics["continuous_bound"] = continuous.detach()
        loss = non_saturating.discriminator(real_logits, fake_logits)
        loss = loss - self.config.info_weight * (categorical + continuous)
        return self.regularised(loss, batch, ((batch.image, real_logits), (fake, fake_logits)))

    def generator_loss(self, batch: Batch) -> Tensor:
        """Eq. 6 for G, non-saturating: -E[log D(G(z, c))] - λ L_I(G, Q)."""
        latent = self.sample_latent(len(batch))
        fake = self(latent)
        _, features = self.features_of(batch.image, fake)
        categorical, continuous = self.bound(latent, features)
        loss = non_saturating.generator(self.discriminator(features), None)
        loss = loss - self.config.info_weight * (categorical + continuous)
        return self.with_nearby(loss, batch, latent, fake, left=False)

    def features_of(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """What D and Q make of real samples, and of as many fakes, that they see in one batch.

        In one of fakes alone BatchNorm would enlarge by how little gray images differ, and hide
        from D that they are gray, while Q reads the code in it.
        """
        real_features, fake_features = self.trunk(self.seen(torch.cat((real, fake)))).chunk(2)
        return real_features, fake_features

    def judge(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """D's logits (n,) of images as it sees them."""
        logits: Tensor = self.discriminator(self.trunk(self.seen(image)))
        return logits

    def bound(self, latent: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """L_I (eq. 5) of c1 and of the continuous codes, in nats.

        Args:
            latent: of fakes, (n, ...).
            features: that the trunk has of these fakes.
        """
        c, (told, log_std) = self.latents.code(latent), self.recognise(features)
        return (
            categorical_bound(told.c1, c.c1),
            continuous_bound(told.continuous, log_std, c.continuous),
        )

    def recognise(self, features: Tensor) -> tuple[Code, Tensor]:
        """Q(c|x): logits of c1 and means of the others; and log std of these, (n, continuous)."""
        k, continuous = self.config.categories, self.config.continuous
        told: Tensor = self.recognition(features)
        c1, mean, log_variance = told.tensor_split((k, k + continuous), 1)
        log_std = log_variance / 2 if self.config.learn_std else torch.zeros_like(mean)
        return Code(c1, mean), log_std

    def measure(self, test: Dataset) -> dict[str, float]:
        """The share of test images whose code is their class's, in the best matching of both."""
        if "label" not in test.fields:
            return {}
        classes = len(test.classes)
        counts = torch.zeros(self.config.categories * classes, dtype=torch.int64)
        for part in torch.split(torch.arange(len(test)), CHUNK):
            seen = first_samples(  # as in a batch
                [{name: tensor[part] for name, tensor in test.fields.items()}], CHUNK, self.device
            )
            code, _ = self.recognise(self.trunk(seen["image"]))
            cells = code.c1.argmax(1) * classes + seen["label"]
            counts += cells.cpu().bincount(minlength=len(counts))
        agreed = greatest_agreement(counts.view(-1, classes).numpy())
        return {"agreement": agreed / len(test)}

    def gallery(self, examples: dict[str, Tensor]) -> Gallery:
        """A value of c1 in each row; then rows along which one continuous code grows.

        As in figure 2, all else is the same along what varies: the samples of a column differ in
        c1 alone.
        """
        rows = min(self.config.categories, MOST_ROWS)
        columns = self.sample_latent(COLUMNS).repeat(rows, 1)
        c1 = torch.arange(rows, device=self.device).repeat_interleave(COLUMNS)
        shown = [self.latents.with_category(columns, c1)]
        values = torch.linspace(-FURTHEST, FURTHEST, COLUMNS, device=self.device)
        for index in range(self.config.continuous):
            kept = self.sample_latent(ROWS_OF_EACH).repeat_interleave(COLUMNS, 0)
            varied = values.repeat(ROWS_OF_EACH)
            shown.append(self.latents.with_continuous(kept, index, varied))
        names = [f"c{index + 2}" for index in range(self.config.continuous)]
        caption = f"c1 = 0 to {rows - 1}, a row each"
        if names:
            caption += f"; then {ROWS_OF_EACH} rows along which {' and '.join(names)} grows"
        return Gallery(self(torch.cat(shown)), caption=caption)

    def sample_latent(self, n: int) -> Tensor:
        return self.latents.sample(n, self.device, self.sampling)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(latent)

    def truncated(self, latent: Tensor, psi: float, label: Tensor | None = None) -> Tensor:
        """Of smaller z, but of the same codes, which say what is to be seen."""
        return self(self.latents.with_noise_times(latent, psi))
