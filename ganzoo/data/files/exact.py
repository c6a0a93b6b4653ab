"""One image file at its own size and with all its bits, for what is made of it to have as many."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.artifacts.pixels import OFFSET
from ganzoo.data.files.colours import gamma_of, in_srgb, is_deep, mode_in, words_in
from ganzoo.data.files.formats import open_image
from ganzoo.data.files.opened import ORIENTATION, Look, look, whole_range
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels

if TYPE_CHECKING:
    from PIL import Image

WHITE = 65535
_LUMA = 0.299, 0.587, 0.114
"""What each colour counts in gray: ITU-R 601-2, as in Pillow."""


def look_exactly(path: Path, channels: int, wanted: Pixels = AS_THEY_ARE) -> Look | str:
    """The image as uint8 or, where it has 16 bits, as int16; or why it cannot be read.

    Args:
        path: of the file.
        channels: 1, 3 or 4, the last of which is opacity.
        wanted: what ``--pixels`` says.
    """
    try:
        with open_image(path) as opened:
            found = _words(path, opened, wanted)
    except Exception:  # reading it in the usual way will say why
        found = None
    if found is None:
        return look(path, channels, None, wanted=wanted)
    words, highest, miscoloured = found
    fitted = _with_channels(words, channels)
    shown = channels != 4 and words.shape[2] % 2 == 0 and bool((words[:, :, -1] < WHITE).any())
    made = (fitted - OFFSET).astype(np.int16).transpose(2, 0, 1)
    return Look(made, highest, miscoloured=miscoloured, whitened=shown)


def _words(
    path: Path, opened: "Image.Image", wanted: Pixels
) -> tuple[np.ndarray, int, bool] | None:
    """Gray, or RGB, perhaps with opacity, upright, int64 (height, width, 1 to 4); the greatest;
    and whether the colour profile is of no use.

    None: it has 8 bits, or colours that are no sRGB in 16.
    """
    mode = mode_in(opened)
    if not wanted.managed or opened.info.get("transparency") is not None:
        return None
    if is_deep(opened) and mode in ("LA", "RGB", "RGBA"):
        words = words_in(path, opened)
    elif mode.startswith("I"):
        words = np.asarray(opened)[:, :, None]
    else:
        return None
    miscoloured = False
    if not opened.info.get("icc_profile") and gamma_of(opened):
        if mode != opened.mode or not mode.startswith("I"):
            return None
        miscoloured = True
    if opened.info.get("icc_profile"):
        plain = opened.convert("RGB") if mode.startswith("RGB") else opened
        converted, miscoloured = in_srgb(plain)
        if converted is not plain:
            return None
    colours = words.shape[2] - mode.endswith("A")
    whole, highest = whole_range(words[:, :, :colours], wanted)
    both = np.concatenate((whole, words[:, :, colours:].astype(np.int64)), 2)
    return _upright(both, opened.getexif().get(ORIENTATION, 1)), highest, miscoloured


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels (height, width, ...) turned as EXIF's tag says."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels


def _with_channels(words: np.ndarray, channels: int) -> np.ndarray:
    """Pixels of as many channels as are wanted: on white, or opaque, where that must be decided."""
    many = words.shape[2]
    colours, opacity = (words[:, :, :-1], words[:, :, -1:]) if many % 2 == 0 else (words, None)
    if opacity is not None and channels != 4:
        colours = WHITE + ((colours - WHITE) * opacity + WHITE // 2) // WHITE
    if channels == 1 and colours.shape[2] == 3:
        colours = np.rint(colours @ np.array(_LUMA)).astype(np.int64)[:, :, None]
    elif channels != 1:
        colours = np.broadcast_to(colours, (*colours.shape[:2], 3))
    if channels != 4:
        return colours
    alpha = np.full_like(words[:, :, :1], WHITE) if opacity is None else opacity
    return np.concatenate((colours, alpha), 2)
