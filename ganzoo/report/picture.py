"""Pictures that a page holds itself."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

FRAMES = 25
"""Grids of a training at most: as many as it draws, where nobody wishes others."""
SMALL = 100_000
"""Bytes of a PNG that is left as it is; larger ones become WebP, which is a tenth."""
QUALITY = 90


@dataclass(frozen=True)
class Picture:
    """A picture within a page."""

    url: str
    """Of the scheme ``data:``."""
    width: int
    height: int
    caption: str = ""

    @property
    def small(self) -> bool:
        """Whether its pixels are to be seen as they are, when it is enlarged."""
        return self.width < 400


def frames(grids: Sequence[Path]) -> list[Picture]:
    """The grids of samples of a training, in order, each with its step; not more than `FRAMES`."""
    found = (picture(path, f"step {int(path.stem):,}") for path in some(grids))
    return [one for one in found if one is not None]


def some(items: Sequence[Path], most: int = FRAMES) -> Sequence[Path]:
    """At most so many of them, evenly, the first and the last included."""
    if len(items) <= most:
        return items
    last = len(items) - 1
    return [items[round(number * last / (most - 1))] for number in range(most)]


def picture(path: Path, caption: str = "") -> Picture | None:
    """The picture in a file; None, where there is none that can be read."""
    try:
        status = path.stat()
        return None if status.st_size > _LARGE else _read(path, status.st_mtime_ns, caption)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


_LARGE = 2**28
"""Bytes that no picture of a run has."""
_VAST = 2**26
"""Pixels that none has: each takes time."""
_SHOWN = 2**22
"""Pixels that a page shows of one at most."""


@lru_cache(maxsize=256)
def _read(path: Path, stamp: int, caption: str) -> Picture:
    content = path.read_bytes()
    with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
        pixels = opened.width * opened.height
        if pixels > _VAST:
            raise ValueError(f"{path} has {pixels:,} pixels")
        kind, size = "png", opened.size
        if len(content) > SMALL or pixels > _SHOWN:
            shown = opened.convert("RGBA" if "A" in opened.getbands() else "RGB")
            shown = shown.reduce(math.ceil(math.sqrt(pixels / _SHOWN)))
            smaller, size = io.BytesIO(), shown.size
            shown.save(smaller, "WEBP", quality=QUALITY)
            kind, content = "webp", smaller.getvalue()
        url = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
        return Picture(url, *size, caption)
