"""The game of Goodfellow et al. 2014, section 3, for any adversarial loss.

A variant that plays it is its two networks and its settings. An iteration is one step of G and then
one of D: the fakes of G's step are D's fakes, so they are generated once, and both have gradients
at the same weights. Where G's loss looks at real samples too, G has a batch of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from ganzoo.augmentations import Augmentations, SeenAugmentation
from ganzoo.config import AUGMENTATIONS, LOSS, REGULARISERS, option
from ganzoo.losses import AdversarialLoss
from ganzoo.networks import PRIORS, Discriminator, Generator, sample_prior
from ganzoo.regularisers import LatentRegulariser, Regulariser, Remembered
from ganzoo.schedules import decays
from ganzoo.spec import DataSpec
from ganzoo.variant import Adam, Batch, Phase, Player, Variant


@dataclass(frozen=True)
class AdversarialConfig:
    """The settings of every two-player game."""

    loss: AdversarialLoss = option(
        "non-saturating",
        "adversarial loss, as in hinge or least-squares:a=-1,c=0: see `ganzoo losses`",
        names=LOSS,
    )
    regulariser: Mapping[str, Regulariser] = option(
        None,
        "terms of D's loss, as in r1:gamma=1,r2: see `ganzoo regularisers`",
        names=REGULARISERS,
    )
    augment: Mapping[str, SeenAugmentation] = option(
        None,
        "changes of what D sees, as in translation:ratio=0.1: see `ganzoo augmentations`",
        names=AUGMENTATIONS,
    )
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


class Adversarial(Variant):
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
        self.regularisers = nn.ModuleDict(config.regulariser)
        for term in config.regulariser.values():
            term.check(data)
        self.augmentations = Augmentations(config.augment, data, self.scores)
        self.synchronised = tuple(
            name
            for name, value in self.state_dict().items()  # what parts remember
            if value.is_floating_point() and not name.endswith(".weight")
        )

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
        every = [term for term in self.config.regulariser.values() if term.every == 1]
        return [
            Phase("generator", loss=self.generator_loss, fresh=own_batch),
            Phase(
                "discriminator",
                loss=self.discriminator_loss,
                repeat=self.config.n_critic,
                second_order=any(term.second_order for term in every),
            ),
            *(
                Phase(
                    name,
                    "discriminator",
                    partial(self.regularisation, term=term),
                    every=term.every,
                    lazy=True,
                    second_order=term.second_order,
                )
                for name, term in self.config.regulariser.items()
                if term.every > 1
            ),
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

    def with_nearby(self, loss: Tensor, batch: Batch, latent: Tensor, fake: Tensor) -> Tensor:
        """G's loss and what terms add to it that compare fakes with those of latents nearby.

        The fakes of these latents are left for D.

        Args:
            loss: without them.
            batch: one.
            latent: as many latents as the batch has samples.
            fake: what G makes of them.
        """
        for term, near in self.near_fakes(batch, latent):
            loss = loss + term.generator(near, fake)
        return loss

    def near_fakes(self, batch: Batch, latent: Tensor) -> list[tuple[LatentRegulariser, Tensor]]:
        """Each term that compares fakes with those of latents nearby, and these, left for D too."""
        found = []
        for term in self.config.regulariser.values():
            if isinstance(term, LatentRegulariser):
                near = self(term.near(latent), self.condition(batch))
                batch.shared[term.metric] = near.detach()
                found.append((term, near))
        return found

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Algorithm 1, line 4: D on the batch's images and on as many fakes."""
        label = self.condition(batch)
        fake = self.fakes(batch)
        real_logits = self.judge(batch.image, label)
        fake_logits = self.judge(fake, label)
        batch.metrics |= said_by_d(self.loss, self.augmentations, real_logits, fake_logits)
        loss = self.loss.discriminator(real_logits, fake_logits)
        return self.regularised(loss, batch, ((batch.image, real_logits), (fake, fake_logits)))

    def regularised(
        self, loss: Tensor, batch: Batch, said: Sequence[tuple[Tensor, Tensor]]
    ) -> Tensor:
        """D's loss and all terms that are due in every step of D.

        Args:
            loss: without them.
            batch: the batch that D sees.
            said: samples that D has judged in this step, with its logits.
        """
        for term in self.config.regulariser.values():
            if term.every == 1:
                loss = loss + self.regularisation(batch, term, said)
        return loss

    def regularisation(
        self, batch: Batch, term: Regulariser, said: Sequence[tuple[Tensor, Tensor]] = ()
    ) -> Tensor:
        """One more term of D's loss, of D as it sees samples through the augmentation.

        Args:
            batch: the batch that D sees.
            term: the regulariser.
            said: samples that D has judged in this step, with its logits.
        """
        critic = Remembered(partial(self.judge, label=self.condition(batch)), said)
        fake = self.fakes(batch)
        latent = isinstance(term, LatentRegulariser)
        penalty = term(critic, batch.shared[term.metric] if latent else batch.image, fake)
        batch.metrics[term.metric] = penalty.detach()
        return term.weight * penalty

    def judge(self, image: Tensor, label: Tensor | None) -> Tensor:
        """D's logits of samples that are augmented, where that is wanted."""
        return self.discriminator(self.seen(image), label)

    def seen(self, image: Tensor) -> Tensor:
        """Samples as D sees them: augmented, by draws of their own."""
        seen: Tensor = self.augmentations(image)
        return seen

    def fakes(self, batch: Batch) -> Tensor:
        """Those that G's step has left, or as many new ones, of which G learns nothing."""
        if "fake" not in batch.shared:
            with torch.no_grad():
                latent = self.sample_latent(len(batch))
                batch.shared["fake"] = self(latent, self.condition(batch))
                self.near_fakes(batch, latent)
        return batch.shared["fake"]

    def condition(self, batch: Batch) -> Tensor | None:
        """What both networks are told, where the variant is conditional: the batch's labels.

        Fakes are made for the labels of the real samples beside them, so that they have the
        frequencies of the data, and how often a label occurs tells D nothing.
        """
        return batch.label if self.conditional else None

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
