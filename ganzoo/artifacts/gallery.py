"""What a variant shows a person while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.errors import GanzooError

COLUMNS = 10
"""Pictures in a row where nothing else is said; a row of a conditional variant is one class."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures side by side, of which some may be what others are made of.

    Raises:
        GanzooError: there are no columns, or `made` or `labels` does not tell of each picture.
    """

    images: Tensor
    """(n, ...), as samples are: images (n, channels, height, width) in [-1, 1]."""
    columns: int = COLUMNS
    """How many of them make a row."""
    made: Sequence[bool] | Tensor | None = None
    """Of each, whether the variant made it; None: it made all. The others, such as what was
    translated, do not count where it is seen how different samples are."""
    labels: Tensor | None = None
    """Of each, the class that it was made for, int64 (n,): those of a class are compared with each
    other, too. None: it was made for none."""
    caption: str = ""
    """Written below them."""

    def __post_init__(self) -> None:
        if self.columns < 1:
            raise GanzooError(f"a Gallery has {self.columns} columns: give it at least one")
        if self.made is not None and len(self.made) != len(self.images):
            raise GanzooError(
                f"a Gallery of {len(self.images)} pictures says of {len(self.made)} whether they "
                "were made: say so of each"
            )
        if self.labels is not None and len(self.labels) != len(self.images):
            raise GanzooError(
                f"a Gallery of {len(self.images)} pictures has {len(self.labels)} labels: give one "
                "for each"
            )

    @classmethod
    def of(cls, shown: Tensor | Gallery) -> Gallery:
        """What `Variant.gallery` returned, which may be nothing but pictures."""
        return shown if isinstance(shown, Gallery) else cls(shown)

    @classmethod
    def of_rows(cls, rows: Sequence[Tensor], made: Sequence[bool]) -> Gallery:
        """Rows of up to ten images each; what is left of a row is black.

        Args:
            rows: images (n, channels, height, width) in [-1, 1], all of one shape.
            made: of each row, whether the variant made it.
        """
        black = -1.0
        images = [pad(row, (0,) * 7 + (COLUMNS - len(row),), value=black) for row in rows]
        of_each = [
            ours and column < len(row)
            for row, ours in zip(rows, made, strict=True)
            for column in range(COLUMNS)
        ]
        return cls(torch.cat(images), made=of_each)

    @property
    def samples(self) -> Tensor:
        """The pictures that were made."""
        return self.images if self.made is None else self.images[self._made_rows()]

    @property
    def sample_labels(self) -> Tensor | None:
        """The classes that they were made for."""
        if self.made is None or self.labels is None:
            return self.labels
        return self.labels[self._made_rows()]

    def _made_rows(self) -> list[int]:
        assert self.made is not None
        return [row for row, made in enumerate(self.made) if made]
