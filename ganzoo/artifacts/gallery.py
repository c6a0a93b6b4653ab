"""What a variant shows a person while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

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

    @property
    def samples(self) -> Tensor:
        """The pictures that were made."""
        if self.made is None:
            return self.images
        return self.images[[row for row, made in enumerate(self.made) if made]]
