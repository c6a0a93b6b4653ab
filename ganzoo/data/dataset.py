"""What a data set is: aligned tensors, and how a loader is asked for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from ganzoo.spec import DataSpec


def _silent(message: str) -> None:
    """Ignore a message."""


@dataclass(frozen=True)
class DataRequest:
    """What the user asked for: the argument of a `DatasetSpec.target`."""

    root: Path | None = None
    """``--data-root``; None: the default folder."""
    split: str = "train"
    """``"train"`` or ``"test"``."""
    image_size: tuple[int, int] | None = None
    """``--image-size`` as (height, width); None: the images' own size, or 64x64 where each has
    another."""
    seed: int = 0
    """Of a data set that is drawn and not read."""
    report: Callable[[str], None] = _silent
    """Called with a line of text for the user, such as a file that was skipped."""


@dataclass(frozen=True)
class Dataset:
    """One split of a data set: tensors whose first dimension is the sample.

    The tensors lie in memory or are mapped from a file; either way they are only ever indexed.
    """

    name: str
    fields: dict[str, Tensor]
    """``"image"``: uint8 (n, channels, height, width), or float32 (n, dimensions) for points;
    ``"label"``, where there are labels: int64 (n,)."""
    classes: tuple[str, ...] = ()
    """The labels' names; label k is ``classes[k]``."""
    per_channel: int = 0
    """Classes of each channel by itself, where the label is composed of the channels' (its digits
    in this base, the first channel's first); 0: it is not."""
    modes: Tensor | None = field(default=None, compare=False)
    """The centres of a mixture, float32 (modes, dimensions), where the truth is known."""
    mode_std: float = 0.0
    """The standard deviation of each component of such a mixture."""
    other: "Dataset | None" = None
    """The second of two unpaired domains: other samples, of the same shape, as many as it has."""
    drawings: str = ""
    """What the samples were made of, one by one, where other sets may be made of the same."""

    def __len__(self) -> int:
        return next(iter(self.fields.values())).shape[0]

    @property
    def paired(self) -> bool:
        """Whether sample i of `other` is made of the same drawing as sample i.

        It is for scoring alone: nothing that is trained on two domains may know it.
        """
        return (
            self.other is not None
            and bool(self.drawings)
            and self.drawings == self.other.drawings
            and len(self) == len(self.other)
        )

    @property
    def spec(self) -> DataSpec:
        """What a variant is told."""
        shape = tuple(self.fields["image"].shape[1:])
        return DataSpec(shape, len(self.classes), self.name, 2 if self.other else 1)
