"""Colours of 16 bits, of which Pillow gives the upper 8 alone."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.files.formats import open_image

if TYPE_CHECKING:
    from PIL import Image

_GRAY_WITH_OPACITY = "LA;16B"
_COLOURS = re.compile(r"((?:RGB|RGBX|RGBA|CMYK);16)([BLN])")
"""What Pillow calls pixels of 16 bits in a file, and the order of their bytes."""
_NATIVE = sys.byteorder[0].upper()
_OTHER = {"B": "L", "L": "B", "N": {"B": "L", "L": "B"}[_NATIVE]}
"""The order in which the lower byte of a pixel is taken for its upper one."""


def is_deep(opened: "Image.Image") -> bool:
    """Whether the pixels of a file that is opened, and not read yet, are colours of 16 bits."""
    raw = _raw(opened)
    return raw == _GRAY_WITH_OPACITY or bool(_COLOURS.fullmatch(raw))


def mode_in(opened: "Image.Image") -> str:
    """Pillow's name for what its pixels are, with gray and opacity, which it takes for colours."""
    return "LA" if _raw(opened) == _GRAY_WITH_OPACITY else opened.mode


def words_in(path: Path, opened: "Image.Image") -> np.ndarray:
    """The pixels of such a file, uint16 (height, width, channels).

    Args:
        path: of the file.
        opened: the file, which is read.
    """
    if _raw(opened) == _GRAY_WITH_OPACITY:
        _set_raw(opened, "RGBA")  # four bytes a pixel, two of them gray
        both = np.asarray(opened)
        return _joined(both[:, :, ::2], both[:, :, 1::2])
    name, order = _COLOURS.fullmatch(_raw(opened)).groups()  # type: ignore[union-attr]
    with open_image(path) as again:
        _set_raw(again, name + _OTHER[order])
        lower = np.asarray(again)
    return _joined(np.asarray(opened), lower)


def _joined(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    words: np.ndarray = upper.astype(np.uint16) * 256 + lower
    return words


def _raw(opened: "Image.Image") -> str:
    """How the pixels lie in the file."""
    tiles = getattr(opened, "tile", ())
    told = tiles[0].args if tiles else ""
    return str(told if isinstance(told, str) else (told or ("",))[0])


def _set_raw(opened: "Image.Image", raw: str) -> None:
    """Have a file be read as if its pixels lay in another way."""
    opened.tile = [  # type: ignore[attr-defined]
        tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))
        for tile in opened.tile  # type: ignore[attr-defined]
    ]
