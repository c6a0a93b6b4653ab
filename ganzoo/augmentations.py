"""Augmentation of what D sees, real samples and fakes alike, in D's steps and in G's.

It is differentiable, so that G learns through it, and D cannot learn the few data that there are by
heart; G does not learn to make augmented samples, as long as it can be undone on average.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo.config import AUGMENTATIONS, option
from ganzoo.errors import GanzooError
from ganzoo.losses import Scores
from ganzoo.spec import DataSpec


def augment_option(default: str | None = None) -> Any:
    """The field of a config that is called ``augment``, a mapping of `SeenAugmentation` by name."""
    words = (
        "changes of what D sees, as in translation:ratio=0.1, or none (default: what helps few "
        "images, else none): see `ganzoo augmentations`"
    )
    return option(default, words, names=AUGMENTATIONS)


class SeenAugmentation(nn.Module, ABC):
    """One change of what D sees, drawn anew for each sample; what it remembers is in buffers.

    One that happens with a probability has it in the 0-d buffer ``p``, so that a dial may move it.
    """

    Config: ClassVar[type]
    observes: bool = False
    """Whether it adapts to D's verdicts, and `observe` and `adapt` are to be called."""

    @abstractmethod
    def __init__(self, config: Any) -> None:
        super().__init__()

    def check(self, data: DataSpec) -> None:
        """See whether it suits the data.

        Raises:
            GanzooError: it does not, and why.
        """

    @abstractmethod
    def forward(self, sample: Tensor) -> Tensor:
        """The samples (n, ...) changed: differentiable, without a look at a tensor on the host."""

    def observe(self, certainty: Tensor) -> dict[str, Tensor]:
        """See, in each of D's steps and without gradients, what D says of samples of the data.

        A step may have its samples in several parts, each of which is seen by itself.

        Args:
            certainty: how far above undecided each verdict is: below 0, where D takes a sample of
                the data for a fake.

        Returns:
            Scalars to log, by name: of several parts their mean is.
        """
        return {}

    def adapt(self) -> None:
        """Change by what was observed in a step of D's, once it is over."""

    if TYPE_CHECKING:

        def __call__(self, sample: Tensor) -> Tensor: ...


class Augmentations(nn.ModuleDict):
    """All that change what D sees, each after those before it."""

    def __init__(
        self, chosen: Mapping[str, SeenAugmentation], data: DataSpec, scores: Scores
    ) -> None:
        """Take those that were chosen, by name.

        Args:
            chosen: in their order.
            data: what D sees.
            scores: what D's verdicts mean.

        Raises:
            GanzooError: one does not suit the data, or adapts to verdicts that mean nothing.
        """
        super().__init__(chosen)
        self.scores = scores
        for name, augmentation in chosen.items():
            augmentation.check(data)
            if augmentation.observes and scores.undecided is None:
                raise GanzooError(
                    f"--augment {name} adapts to how many samples of the data D takes for real, "
                    "of which verdicts of this --loss say nothing: choose another loss"
                )

    def forward(self, sample: Tensor) -> Tensor:
        """Samples (n, ...) as D sees them, by draws of their own."""
        for augmentation in self.values():
            sample = augmentation(sample)
        return sample

    @torch.no_grad()
    def observe(self, verdicts: Tensor) -> dict[str, Tensor]:
        """Have those that adapt see what D said of samples of the data; their metrics.

        Args:
            verdicts: `ganzoo.losses.AdversarialLoss.score` of D's logits.
        """
        metrics: dict[str, Tensor] = {}
        for augmentation in self.values():
            assert isinstance(augmentation, SeenAugmentation)
            if augmentation.observes:
                assert self.scores.undecided is not None  # as __init__ demands
                certainty = self.scores.sign * (verdicts.detach() - self.scores.undecided)
                metrics |= augmentation.observe(certainty)
        return metrics

    def adapt(self) -> None:
        """Have those that adapt do so, after each update of D: `ganzoo.variant.Phase.after`."""
        for augmentation in self.values():
            assert isinstance(augmentation, SeenAugmentation)
            if augmentation.observes:
                augmentation.adapt()


@dataclass(frozen=True)
class TranslationConfig:
    """How far."""

    ratio: float = option(
        0.125, "of height and width, by up to which images are moved", minimum=0, maximum=1
    )


class Translation(SeenAugmentation):
    """Zhao et al. 2020 (DiffAugment): each image is moved, and what is uncovered is 0."""

    Config = TranslationConfig

    def __init__(self, config: TranslationConfig) -> None:
        super().__init__(config)
        self.ratio = config.ratio

    def check(self, data: DataSpec) -> None:
        if not data.is_image:
            raise GanzooError(
                f"--augment translation moves images, and '{data.name}' has none: leave it out"
            )

    def forward(self, sample: Tensor) -> Tensor:
        n, channels, *sides = sample.shape
        reach = [int(side * self.ratio + 0.5) for side in sides]
        height, width = reach
        moved = pad(sample, (width, width, height, height))
        for dim, (side, most) in enumerate(zip(sides, reach, strict=True), 2):
            shift = torch.randint(2 * most + 1, (n,), device=sample.device)
            rows = shift[:, None] + torch.arange(side, device=sample.device)
            shape = [n, channels, *moved.shape[2:]]
            shape[dim] = side
            index = rows.view(n, 1, *[side if d == dim else 1 for d in (2, 3)]).expand(shape)
            moved = moved.gather(dim, index)
        return moved
