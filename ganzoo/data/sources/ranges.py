"""Between which values the pixels of an array lie: decided once for all of it, or asked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.errors import GanzooError

Array = np.ndarray[Any, np.dtype[Any]]

UNIT = "0 to 1"
SIGNED = "-1 to 1"
_BYTE = 255
_OVER = 2.0
"""Times their greatest that pixels may reach, as after they are enlarged, brightened or made noisy.
"""
_UNDER = -0.1
"""And how far below 0 they may go."""


def refuse_doubtful(array: Array, splits: Sequence[int], what: str) -> None:
    """Refuse pixels of which some would be scaled as those of another range.

    Args:
        array: of pixels, a sample in each row.
        splits: how many rows each split has, one after the other; empty: there is one.
        what: the array, for the error's message.

    Raises:
        GanzooError: two splits have different ranges, or go a little beyond one.
    """
    parts = np.split(array, np.cumsum(splits)[:-1]) if splits else [array]
    ranges = {_range(part): f"{part.min():g} to {part.max():g}" for part in parts if part.any()}
    if len(ranges) > 1:
        raise GanzooError(
            f"{what} has splits of different ranges, {' and '.join(ranges.values())}: bring them "
            "to one"
        )
    low, high = array.min(), array.max()
    if array.dtype.kind != "f":
        return
    unit = _UNDER < low < 0 <= high <= 1 or (high > 1 and _within(array))
    if unit or _BYTE < high <= _OVER * _BYTE:
        meant = UNIT if unit else f"0 to {_BYTE}"
        raise GanzooError(
            f"{what} goes from {low:g} to {high:g}, and looks like pixels from {meant}: clip them "
            "to that"
        )


def _range(part: Array) -> str:
    """Which one the pixels of a split have."""
    if part.min() < 0:
        return SIGNED
    return UNIT if part.max() <= 1 or _within(part) else ""


def _within(array: Array) -> bool:
    """Whether most samples are fractions of hardly more than 1."""
    if array.dtype.kind != "f":
        return False
    rows = array.reshape(len(array), -1)
    dark = rows[rows.max(1) <= _OVER]
    fractions = (dark != np.floor(dark)).any(1)
    return 2 * int(fractions.sum()) > len(rows)
