"""What `--regulariser` and `--augment` do in a game: more terms of D's loss, and what D sees."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from ganzoo.augmentations import Augmentations, SeenAugmentation
from ganzoo.losses import Scores
from ganzoo.regularisers import LatentRegulariser, Regulariser, Remembered
from ganzoo.spec import DataSpec
from ganzoo.variant import Batch, Phase, Variant


class RegularisedConfig(Protocol):
    """Settings made by `ganzoo.regularisers.regulariser_option` and `augment_option`."""

    @property
    def regulariser(self) -> Mapping[str, Regulariser] | None:
        """Terms of D's loss, by name; None: there are none."""

    @property
    def augment(self) -> Mapping[str, SeenAugmentation] | None:
        """Changes of what D sees, by name; None: there are none."""


class Regularised(Variant):
    """A game of G and D that takes terms of D's loss and augmentations of what D sees.

    A subclass calls `equip` as it is built, has `judge` say whatever D says, and D's loss be
    `regularised`; its phases have `adapt` after D's updates, and those of `lazily` behind D's.
    """

    config: RegularisedConfig
    regularised_player: ClassVar[str] = "discriminator"
    """Whose loss has the terms."""

    def equip(self, scores: Scores, sees: DataSpec | None = None) -> None:
        """Take the terms and the augmentations that the settings name.

        Args:
            scores: what D's verdicts mean.
            sees: the smallest samples that D sees, where these are not the data's.

        Raises:
            GanzooError: one does not suit what D sees, or adapts to verdicts that mean nothing.
        """
        sees = sees or self.data
        self.terms = dict(self.config.regulariser or {})
        self.regularisers = nn.ModuleDict(self.terms)
        for term in self.terms.values():
            term.check(sees)
        self.augmentations = Augmentations(self.config.augment or {}, sees, scores)

    def remembered(self) -> tuple[str, ...]:
        """What terms and augmentations keep of the training, as `synchronised` wants it."""
        parts = {"regularisers": self.regularisers, "augmentations": self.augmentations}
        return tuple(
            f"{part}.{name}"
            for part, module in parts.items()
            for name, value in module.state_dict().items()
            if value.is_floating_point() and not name.endswith(".weight")
        )

    @property
    def second_order(self) -> bool:
        """Whether a term that is due in every step of D differentiates a gradient."""
        return any(term.second_order for term in self.terms.values() if term.every == 1)

    def lazily(self) -> list[Phase]:
        """A phase for each term that is due now and then only."""
        return [
            Phase(
                name,
                self.regularised_player,
                partial(self.regularisation, term=term),
                every=term.every,
                lazy=True,
                after=term.adapt,
                second_order=term.second_order,
            )
            for name, term in self.terms.items()
            if term.every > 1
        ]

    def adapt(self) -> None:
        """The `Phase.after` of D: what observes its verdicts changes by those of the update."""
        self.augmentations.adapt()
        for term in self.terms.values():
            if term.every == 1:
                term.adapt()

    def regularised(
        self, loss: Tensor, batch: Batch, said: Sequence[tuple[Tensor, Tensor]]
    ) -> Tensor:
        """D's loss and all terms that are due in every step of D.

        Args:
            loss: without them.
            batch: the batch that D sees.
            said: samples that D has judged in this step, with its logits.
        """
        for term in self.terms.values():
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
        penalty = term(critic, batch.shared[term.metric] if latent else self.real(batch), fake)
        batch.metrics[term.metric] = penalty.detach()
        return term.weight * penalty

    def with_nearby(
        self, loss: Tensor, batch: Batch, latent: Tensor, fake: Tensor, *, left: bool = True
    ) -> Tensor:
        """G's loss and what terms add to it that compare fakes with those of latents nearby.

        Args:
            loss: without them.
            batch: one.
            latent: as many latents as the batch has samples.
            fake: what G makes of them.
            left: whether these fakes are left for D, and those of latents nearby with them.
        """
        for term, near in self.near_fakes(batch, latent):
            if left:
                batch.shared[term.metric] = near.detach()
            loss = loss + term.generator(near, fake)
        return loss

    def near_fakes(self, batch: Batch, latent: Tensor) -> list[tuple[LatentRegulariser, Tensor]]:
        """Each term that compares fakes with those of latents nearby, and these."""
        return [
            (term, self.made(term.near(latent), self.condition(batch)))
            for term in self.terms.values()
            if isinstance(term, LatentRegulariser)
        ]

    def fakes(self, batch: Batch, latent: Tensor | None = None) -> Tensor:
        """Those that a step has left, or as many new ones, of which G learns nothing.

        Args:
            batch: the batch that D sees.
            latent: of new ones; None: they are drawn.
        """
        if "fake" not in batch.shared:
            with torch.no_grad():
                latent = self.sample_latent(len(batch)) if latent is None else latent
                batch.shared["fake"] = self.made(latent, self.condition(batch))
                for term, near in self.near_fakes(batch, latent):
                    batch.shared[term.metric] = near
        return batch.shared["fake"]

    def seen(self, image: Tensor) -> Tensor:
        """Samples as D sees them: augmented, by draws of their own."""
        seen: Tensor = self.augmentations(image)
        return seen

    @abstractmethod
    def judge(self, image: Tensor, label: Tensor | None) -> Tensor:
        """D's logits of samples (n, ...) as it sees them, for labels where it is told these."""

    def made(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """Fakes as D sees them, but for augmentation."""
        return self(latent, label)

    def real(self, batch: Batch) -> Tensor:
        """Samples of the data as D sees them, but for augmentation."""
        return batch.image

    def condition(self, batch: Batch) -> Tensor | None:
        """What both networks are told, where the variant is conditional: the batch's labels.

        Fakes are made for the labels of the real samples beside them, so that they have the
        frequencies of the data, and how often a label occurs tells D nothing.
        """
        return batch.label if self.conditional else None
