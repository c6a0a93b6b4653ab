"""Whether files hold two images beside each other, as far as one can tell from files."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from ganzoo.data.files.opened import Look, limited, look
from ganzoo.data.files.wanted import Pixels
from ganzoo.data.sources.decoding import upright_sizes
from ganzoo.errors import GanzooError

LOOKED_AT = 32
"""Files whose pixels are looked at."""
FEWEST = 8
"""Files, at least, by which anything is evident."""
ODD = 0.1
"""The share of files of odd width beyond which they are no pairs: two images of one width have an
even one, and few files go astray."""
SINGLE = 0.6
"""The share of files without a seam beyond which they are no pairs. Of 200 photos it was 0.83, of
350 drawings 0.63, of those photos beside themselves in gray 0.10."""
ALIKE = 0.5
"""The median correlation of two halves from which they may be of one thing; of those sets it was
0.3, 0.1 and 0.9."""
SEAM = 1.5
"""By how much neighbouring columns may differ more in the middle than beside it, in one image."""
PLAIN = 1.0
"""Levels by which columns differ that are not of one colour."""


def check_halves(root: Path, files: Sequence[str], wanted: Pixels, advice: str) -> None:
    """Refuse files that are evidently single images.

    That is so where more than a tenth of them have an odd width; or where of most that are looked
    at the picture runs through the middle, as two images that meet there would not do it, and the
    halves are not alike.

    Args:
        root: where they are.
        files: relative to it.
        wanted: what ``--pixels`` says.
        advice: what to do, for the error.

    Raises:
        GanzooError: they are.
    """
    sizes = [size for size in upright_sizes(root, files) if size is not None]
    odd = sum(width % 2 for _, width in sizes)
    if odd >= FEWEST and odd > ODD * len(sizes):
        raise _single(root, f"{odd} of {len(sizes)} have an odd width, as no pair has", advice)
    chosen = files[:: -(-len(files) // LOOKED_AT)]
    with limited(wanted):
        seen = [found for file in chosen if isinstance(found := _look(root / file, wanted), Look)]
    told = [found for found in map(_halves_of, seen) if found is not None]
    if len(told) < FEWEST:
        return
    single, alike = sum(one.seamless for one in told), median(one.correlation for one in told)
    if single > SINGLE * len(told) and alike < ALIKE:
        why = f"in {single} of {len(told)} that were looked at, the picture runs through the middle"
        raise _single(root, why, advice)


def _single(root: Path, why: str, advice: str) -> GanzooError:
    return GanzooError(f"each file in '{root}' seems to be one image and no pair ({why}): {advice}")


def _look(file: Path, wanted: Pixels) -> Look | str:
    return look(file, 3, None, wanted=wanted)


class _Halves(NamedTuple):
    seamless: bool
    """Whether columns differ no more in the middle than beside it."""
    correlation: float
    """Whichever its sign."""


def _halves_of(found: Look) -> _Halves | None:
    """What the two are to each other; None: it does not say, as the middle is of one colour."""
    pixels = found.pixels.astype(np.float64)
    middle = pixels.shape[2] // 2
    if middle < 2 or pixels.shape[2] % 2:
        return None
    columns = pixels[:, :, middle - 2 : middle + 2]
    left, seam, right = np.abs(np.diff(columns, axis=2)).mean((0, 1))
    beside = (left + right) / 2
    if beside < PLAIN:
        return None
    halves = (pixels[:, :, :middle].ravel(), pixels[:, :, middle:].ravel())
    flat = min(half.std() for half in halves) == 0
    return _Halves(
        bool(seam <= SEAM * beside), 0.0 if flat else float(abs(np.corrcoef(*halves)[0, 1]))
    )
