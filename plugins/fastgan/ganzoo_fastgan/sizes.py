"""How large the maps of both networks are, and how wide, for any size of image.

The authors' networks are made for sides of 256, 512 and 1,024 pixels. Smaller ones have the same
maps next to the smallest, fewer of them, and connections over as many fewer.
"""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import DataSpec
from ganzoo.convnets import doubled_sides

DOUBLINGS = range(2, 9)
"""From these to the image: of the authors' sizes 6, 7 and 8."""
GENERATOR = 16, 8, 4, 2, 2, 1, 1 / 2, 1 / 4, 1 / 8
"""Channels of G's maps, from the first, in multiples of the width."""
DISCRIMINATOR = 8, 4, 2, 1, 1 / 2, 1 / 4, 1 / 8
"""Channels of D's maps, from the last."""
DECODER = 4, 2, 2, 1
"""Channels of a decoder's maps, from the first, in multiples of half the width."""
MOST_HALVINGS = 5
"""Of D between its first and its last maps; larger images are halved before."""


@dataclass(frozen=True)
class Sizes:
    """Of one image, made of `smallest` maps."""

    smallest: tuple[int, int]
    """(height, width)."""
    doublings: int
    channels: int
    """Of the image."""
    width: int
    """Feature maps at 128 pixels of the authors' networks, by which all others are counted."""

    @classmethod
    def of(cls, data: DataSpec, width: int) -> Sizes:
        """Of images like the data.

        Raises:
            GanzooError: they are not small maps, doubled often enough.
        """
        sides = doubled_sides("fastgan", data, DOUBLINGS[0], DOUBLINGS[-1])
        return cls(sides[0], len(sides) - 1, data.shape[0], width)

    @property
    def made(self) -> list[int]:
        """Channels of G's maps, from the smallest to the image's size."""
        return [self._times(share) for share in GENERATOR[: self.doublings + 1]]

    @property
    def linked(self) -> dict[int, int]:
        """By the number of G's maps that are excited those that excite them: section 3.1."""
        gap, last = min(4, self.doublings - 1), min(7, self.doublings)
        return {small + gap: small for small in range(last - gap + 1)}

    @property
    def halvings(self) -> int:
        """Of D between its first and its last maps, mostly twice as large as G's first."""
        return min(MOST_HALVINGS, max(DOUBLINGS[0], self.doublings - 1))

    @property
    def seen(self) -> list[int]:
        """Channels of D's maps, from the first after the stem to the last."""
        return [self._times(share) for share in DISCRIMINATOR[self.halvings :: -1]]

    @property
    def stem(self) -> list[int]:
        """Channels of what halves an image before D's first maps; the last are theirs."""
        first = self.halvings + max(0, self.halved_before - 1)
        return [self._times(share) for share in DISCRIMINATOR[first : self.halvings - 1 : -1]]

    @property
    def halved_before(self) -> int:
        """How often an image is halved before D's first maps."""
        return max(0, self.doublings - 1 - MOST_HALVINGS)

    @property
    def seen_links(self) -> dict[int, int]:
        """By the number of D's maps that are excited those that excite them."""
        gap = min(3, self.halvings - 1)
        return {large + gap: large for large in range(self.halvings - gap + 1)}

    @property
    def small(self) -> int:
        """Which of G's maps the smaller image is made of: of half the size, at most number 5."""
        return min(self.doublings - 1, 5)

    @property
    def ratio(self) -> int:
        """How many times as large as the smaller image the image is."""
        return 1 << (self.doublings - self.small)

    @property
    def decoded(self) -> list[int]:
        """Channels of a decoder's maps."""
        return [max(1, self.width * share // 2) for share in DECODER[: self.halvings - 1]]

    def at(self, level: int) -> tuple[int, int]:
        """(height, width) of G's maps of that number."""
        return self.smallest[0] * 2**level, self.smallest[1] * 2**level

    def _times(self, share: float) -> int:
        return max(1, int(self.width * share))
