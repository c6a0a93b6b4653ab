"""The game of Goodfellow et al. 2014, section 3, for any adversarial loss.

A variant that plays it is its two networks and its settings. An iteration is one step of G and then
one of D: the fakes of G's step are D's fakes, so they are generated once, and both have gradients
at the same weights. Where G's loss looks at real samples too, G has a batch of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from ganzoo.adversarial.regularised import Regularised
from ganzoo.augmentations import Augmentations, SeenAugmentation, augment_option
from ganzoo.config import LOSS, option
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import PRIORS, Discriminator, Generator, sample_prior
from ganzoo.regularisers import Regulariser, regulariser_option
from ganzoo.schedules import decays
from ganzoo.spec import DataSpec
from ganzoo.variant import Adam, Batch, Phase, Player


@dataclass(frozen=True)
class AdversarialConfig:
    """The settings of every two-player game."""

    loss: AdversarialLoss = option(
        "non-saturating",
        "adversarial loss, as in hinge or least-squares:a=-1,c=0: see `ganzoo losses`",
        names=LOSS,
    )
    regulariser: Mapping[str, Regulariser] = regulariser_option()
    augment: Mapping[str, SeenAugmentation] = augment_option()
    latent_dim: int = option(100, "dimensions of the latent z", minimum=1)
    prior: str = option("normal", "distribution of z: N(0, 1) or U(-1, 1)", choices=PRIORS)
    lr: float = option(2e-4, "learning rate of both Adams", above=0)
    beta1: float = option(0.5, "first-moment decay of both Adams", minimum=0, maximum=0.9999)
    n_critic: int = option(1, "updates of D an update of G (k in Algorithm 1)", minimum=1)
    decay_from: float = option(
        1.0, "progress from which on learning rates fall to 0; 1: never", minimum=0, maximum=1
    )
    ema: float = option(
        0.999, "decay of the average of G's weights that samples come from", minimum=0, maximum=1
    )


class Adversarial(Regularised):
    """Two players, G and D; a subclass makes `generator` and `discriminator`."""

    Config = AdversarialConfig
    config: AdversarialConfig
    generator: Generator
    discriminator: Discriminator

    def __init__(self, config: AdversarialConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.loss = config.loss
        self.prior = config.prior
        self.scores = config.loss.scores
        self.equip(self.scores)
        self.synchronised = self.remembered()

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(self.config.beta1, 0.999))
        return {
            "generator": Player(("generator",), optim, ema=self.config.ema),
            "discriminator": Player(("discriminator",), optim),
        }

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), self.config.decay_from)

    def phases(self) -> list[Phase]:
        own_batch = self.loss.generator_sees_real
        return [
            Phase("generator", loss=self.generator_loss, fresh=own_batch),
            Phase(
                "discriminator",
                loss=self.discriminator_loss,
                repeat=self.config.n_critic,
                after=self.adapt,
                second_order=self.second_order,
            ),
            *self.lazily(),
        ]

    def generator_loss(self, batch: Batch) -> Tensor:
        """Algorithm 1, line 6: G against the D of the previous iteration."""
        label = self.condition(batch)
        latent = self.sample_latent(len(batch))
        fake = self(latent, label)
        batch.shared["fake"] = fake.detach()
        sees_real = self.loss.generator_sees_real
        real_logits = self.judge(batch.image, label) if sees_real else None
        loss = self.loss.generator(self.judge(fake, label), real_logits)
        return self.with_nearby(loss, batch, latent, fake)

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Algorithm 1, line 4: D on the batch's images and on as many fakes."""
        label = self.condition(batch)
        fake = self.fakes(batch)
        real_logits = self.judge(batch.image, label)
        fake_logits = self.judge(fake, label)
        batch.metrics |= said_by_d(self.loss, self.augmentations, real_logits, fake_logits)
        loss = self.loss.discriminator(real_logits, fake_logits)
        return self.regularised(loss, batch, ((batch.image, real_logits), (fake, fake_logits)))

    def judge(self, image: Tensor, label: Tensor | None) -> Tensor:
        """D's logits of samples that are augmented, where that is wanted."""
        return self.discriminator(self.seen(image), label)

    def sample_latent(self, n: int) -> Tensor:
        return sample_prior(self.config.prior, n, self.config.latent_dim, self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(latent, label)


def said_by_d(
    loss: AdversarialLoss,
    augmentations: Augmentations | None,
    real_logits: Tensor,
    fake_logits: Tensor,
) -> dict[str, Tensor]:
    """Metrics of D's verdicts, and of augmentations that adapt to those on samples of the data.

    The phase adapts them after its update: `Augmentations.adapt`.

    Args:
        loss: by which logits are verdicts.
        augmentations: through which D saw the samples; None: as they are.
        real_logits: of samples of the data.
        fake_logits: of fakes.
    """
    real, fake = (loss.score(logits.detach()) for logits in (real_logits, fake_logits))
    return {
        "real_score": real.mean(),
        "fake_score": fake.mean(),
        **(augmentations.observe(real) if augmentations is not None else {}),
    }
