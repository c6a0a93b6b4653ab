"""Augmentation of what D sees, real samples and fakes alike, in D's steps and in G's.

It is differentiable, so that G learns through it, and D cannot learn the few data that there are by
heart; G does not learn to make augmented samples, as long as it can be undone on average.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo.config import option
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec


class SeenAugmentation(nn.Module, ABC):
    """One change of what D sees, drawn anew for each sample; what it remembers is in buffers."""

    Config: ClassVar[type]
    observes: bool = False
    """Whether it adapts to D's verdicts, and `observe` is to be called."""

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

        Args:
            certainty: how far above undecided each verdict is: below 0, where D takes a sample of
                the data for a fake.

        Returns:
            Scalars to log, by name.
        """
        return {}

    if TYPE_CHECKING:

        def __call__(self, sample: Tensor) -> Tensor: ...


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
