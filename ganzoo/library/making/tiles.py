"""Images of any size, given to networks a tile at a time: memory grows with the tile alone.

A tile is given with a margin around it. Where the networks look no farther than that, what is made
of tiles is what is made of the whole; where they do, neighbours are blended across the margin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganzoo.abilities import OfImages
from ganzoo.errors import GanzooError
from ganzoo.library.asked import whole

TILE = 512
"""Pixels a side of what is made at once, margins aside, where the user says nothing."""

Network = Callable[[Tensor], Tensor]
"""Of stored images (n, channels, height, width) what is made of them, on the CPU, in [-1, 1]."""


@dataclass(frozen=True)
class Tiling:
    """How networks are given images of any size."""

    least: tuple[int, int]
    """(height, width) of the smallest images that they are given."""
    multiple: int
    """Of how many pixels sides must be."""
    reach: int | None
    """How far from a pixel others decide what is made of it; None: however far they are."""
    factor: int = 1
    """How many times as high and wide images become."""
    side: int = TILE
    """Of a tile of what is made; 0: images are whole."""

    def blends(self, height: int, width: int) -> bool:
        """Whether images of that size are made of tiles that see too little of their surroundings,
        so that they are blended."""
        several = any(len(windows(self, side)) > 1 for side in self.padded(height, width))
        return several and not self.exact

    def padded(self, height: int, width: int) -> tuple[int, int]:
        """The size that images of that size are given with."""
        tall, wide = (
            -(-max(side, least) // self.multiple) * self.multiple
            for side, least in zip((height, width), self.least, strict=True)
        )
        return tall, wide

    @property
    def step(self) -> int:
        """Pixels from tile to tile, of what is given."""
        return max(1, self.side // (self.factor * self.multiple)) * self.multiple

    @property
    def exact(self) -> bool:
        """Whether a tile's margin holds all that decides what is made of it."""
        return self.reach is not None and self.reach <= self.step

    @property
    def margin(self) -> int:
        """Pixels around a tile that it is given with."""
        if self.exact:
            assert self.reach is not None
            return -(-self.reach // self.multiple) * self.multiple
        return max(1, self.step // (4 * self.multiple)) * self.multiple


def tiling_of(
    variant: OfImages, least: tuple[int, int], side: int = TILE, factor: int = 1
) -> Tiling:
    """How a variant is given images of any size.

    Args:
        variant: that takes such.
        least: (height, width) of the smallest that it is given.
        side: of a tile of what it makes, in pixels; 0: images are whole.
        factor: how many times as high and wide they become.
    """
    return Tiling(least, variant.multiple, variant.reach, factor, whole("tile", side))


class Window(NamedTuple):
    """What a tile is given, along one side."""

    start: int
    stop: int
    weights: Tensor
    """Of each of its pixels, in what is made of all tiles: (stop - start,)."""


def windows(tiling: Tiling, size: int) -> list[Window]:
    """Those of all tiles along a side of `size` pixels; their weights add up to 1 everywhere."""
    if not tiling.side or size <= tiling.step:
        return [Window(0, size, torch.ones(size))]
    least = -(-max(tiling.least) // tiling.multiple) * tiling.multiple
    found = []
    for first, last in pairwise([*range(0, size, tiling.step), size]):
        start, stop = max(0, first - tiling.margin), min(size, last + tiling.margin)
        start, stop = max(0, min(start, stop - least)), min(size, max(stop, least))
        at = torch.arange(start, stop) + 0.5
        weights = torch.ones(stop - start)
        if first > 0:
            weights = _rise(at, first, tiling)
        if last < size:
            weights = weights - _rise(at, last, tiling)
        found.append(Window(start, stop, weights))
    return found


def _rise(at: Tensor, edge: int, tiling: Tiling) -> Tensor:
    """0 before the edge between two tiles and 1 behind it; a slope across the margin, to blend."""
    if tiling.exact:
        return (at > edge).float()
    return ((at - edge) / (2 * tiling.margin) + 0.5).clamp(0, 1)


def in_tiles(
    network: Network,
    given: Tensor,
    tiling: Tiling,
    stored: Callable[[Tensor], Tensor],
    advance: Callable[[float], None] = lambda share: None,
) -> Tensor:
    """What is made of images of any size, which are enlarged by their last pixels meanwhile.

    Args:
        network: it is given tiles.
        given: (n, channels, height, width).
        tiling: how.
        stored: turns what it makes, in [-1, 1], into what is returned.
        advance: is told of each share that is done; they add up to 1.

    Returns:
        (n, channels, factor * height, factor * width), in memory with the channels last.

    Raises:
        GanzooError: it makes images of another size.
    """
    factor, (height, width) = tiling.factor, given.shape[2:]
    tall, wide = tiling.padded(height, width)
    whole = pad(given.float(), (0, wide - width, 0, tall - height), "replicate").to(given.dtype)
    rows, columns = windows(tiling, tall), windows(tiling, wide)
    made, carried = None, None
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        band = _band(network, whole[:, :, row.start : row.stop], columns, factor)
        advance(1 / len(rows))
        band *= row.weights.repeat_interleave(factor)[:, None]
        if carried is not None:
            band[:, :, : carried.shape[2]] += carried
        done = factor * ((following.start if following else tall) - row.start)
        finished, carried = stored(band[:, :, :done, : factor * width]), band[:, :, done:]
        if made is None:
            shape = (len(given), factor * height, factor * width, finished.shape[1])
            made = torch.empty(shape, dtype=finished.dtype).permute(0, 3, 1, 2)
        place = made[:, :, factor * row.start :][:, :, :done]
        place.copy_(finished[:, :, : place.shape[2]])
    assert made is not None
    return made


def _band(network: Network, given: Tensor, columns: list[Window], factor: int) -> Tensor:
    """What is made of a row of tiles, (n, channels, factor * height, factor * width)."""
    height, width = given.shape[2], columns[-1].stop
    band: Tensor | None = None
    for column in columns:
        tile = network(given[..., column.start : column.stop])
        if [*tile.shape[2:]] != [factor * height, factor * (column.stop - column.start)]:
            raise GanzooError(
                "this run's networks make images of another size of those that they are given: "
                "leave out --own-size"
            )
        if band is None:
            band = tile.new_zeros(*tile.shape[:3], factor * width)
        place = band[..., factor * column.start : factor * column.stop]
        place += tile * column.weights.repeat_interleave(factor)
    assert band is not None
    return band
