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
        GanzooError: there are no columns, or `made` does not say of each picture whether it was.
    """

    images: Tensor
    """(n, ...), as samples are: images (n, channels, height, width) in [-1, 1]."""
    columns: int = COLUMNS
    """How many of them make a row."""
    made: Sequence[bool] | Tensor | None = None
    """Of each, whether the variant made it; None: it made all. The others, such as what was
    translated, do not count where it is seen how different samples are."""
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
        if self.made is None:
            return self.images
        return self.images[[row for row, made in enumerate(self.made) if made]]
