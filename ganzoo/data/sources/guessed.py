"""Of what kind an array is, by its type and its dimensions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo.artifacts.pixels import OFFSET
from ganzoo.data.files.seen import DARK
from ganzoo.data.kinds import kind_of
from ganzoo.data.kinds.image import WORDS
from ganzoo.data.kinds.series import scale, scaled
from ganzoo.data.sources.ranges import refuse_doubtful
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

Array = np.ndarray[Any, np.dtype[Any]]

MOST_CHANNELS = 4
"""Of an image, for an axis to be taken for its channels."""
MOST_SYMBOLS = 20_000
"""Whole numbers, for a row of them to be taken for a text."""
_AT_ONCE = 2**22
"""Values that are scaled at once, in numbers of 64 bits."""

LARGEST = 8e37
"""Of numbers, for twice their differences to be numbers of 32 bits too."""


def guess(
    name: str,
    array: Array,
    path: Path,
    report: Callable[[str], None],
    splits: Sequence[int] = (),
) -> tuple[Field, Tensor]:
    """What an array is, and its values as they are stored.

    | dimensions | truth values | whole numbers | numbers | words |
    |---|---|---|---|---|
    | 1: a row each | label | label | point | label |
    | 2 | attributes | tokens; bytes of 0 and 1: attributes | point | |
    | 3 | mask | image, or mask where its name says so | series | |
    | 4 | image with up to 4 channels, last or first; else volume | the same | the same | |
    | 5 | video with 1 or 3 channels, last or first, but a cube: volume | the same | the same | |

    Pixels from 0 to 1 are scaled, and numbers from -1 to 1: those of an image to 16 bits.

    Args:
        name: of the array.
        array: a sample in each row.
        path: where it comes from, for error messages.
        report: is told of a range that is scaled.
        splits: how many rows each split has, one after the other; empty: there is one.

    Raises:
        GanzooError: no kind is so, or pixels are of a range that is not clear.
    """
    what = f"array '{name}' of '{path}'"
    if not array.size:
        raise GanzooError(f"{what} is {_described(array)}: it is empty")
    if array.dtype.kind in "US" and array.ndim == 1:
        return _label(name, array)
    if array.dtype.kind not in "biuf":
        raise GanzooError(f"{what} is {_described(array)}, of which no kind of data is")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise GanzooError(f"{what} has values that are infinite or not a number: leave them out")
    if array.dtype.kind == "f" and array.ndim <= 3:
        return _numbers(name, array, what, report)
    if array.ndim == 1:
        return _label(name, array)
    if array.ndim == 2:
        return _row(name, array, what)
    if array.ndim > 5:
        raise GanzooError(f"{what} is {_described(array)}: no kind of data has so many dimensions")
    return _pixels(name, array, what, splits, report)


def _label(name: str, array: Array) -> tuple[Field, Tensor]:
    values, numbers = np.unique(array, return_inverse=True)
    told = values.tolist()
    names = tuple(
        one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in told
    )
    return Field(name, "label", (), names), torch.from_numpy(numbers.reshape(-1).astype(np.int64))


def _numbers(
    name: str, array: Array, what: str, report: Callable[[str], None]
) -> tuple[Field, Tensor]:
    if np.abs(array).max() > LARGEST:
        raise GanzooError(
            f"{what} goes from {array.min():g} to {array.max():g}, which numbers of 32 bits cannot "
            "reckon with: divide it by a number that brings it to within [-1, 1]"
        )
    values = torch.from_numpy(array.astype(np.float32))
    if values.ndim < 3:
        values = values.reshape(len(values), -1)
        if values.abs().max() > 1:
            report(
                f"{what} goes from {values.min():.3g} to {values.max():.3g} and is not scaled: "
                "networks learn best within [-1, 1]"
            )
        return Field(name, "point", tuple(values.shape[1:])), values
    shape = tuple(values.shape[1:])
    if values.abs().max() <= 1:
        return Field(name, "series", shape), values
    low, high = values.amin((0, 1)), values.amax((0, 1))
    field = Field(name, "series", shape, (), scale(low, high))
    report(f"{what} is scaled to [-1, 1], each channel by its least and its greatest value")
    return field, scaled(field, values).clamp(-1, 1)


def _row(name: str, array: Array, what: str) -> tuple[Field, Tensor]:
    """Attributes, or tokens."""
    width, low, high = array.shape[1], int(array.min()), int(array.max())
    if array.dtype.itemsize == 1 and low >= 0 and high <= 1:
        names = tuple(f"{name} {number}" for number in range(width))
        return Field(name, "attributes", (width,), names), torch.from_numpy(array.astype(np.uint8))
    if low < 0 or high >= MOST_SYMBOLS:
        raise GanzooError(
            f"{what} has whole numbers from {low} to {high}: tokens go from 0 to less than "
            f"{MOST_SYMBOLS}, and points are floating-point numbers"
        )
    vocabulary = tuple(map(str, range(high + 1)))
    return (
        Field(name, "tokens", (width,), vocabulary, " "),
        torch.from_numpy(array.astype(np.int64)),
    )


def _pixels(
    name: str, array: Array, what: str, splits: Sequence[int], report: Callable[[str], None]
) -> tuple[Field, Tensor]:
    """An image, a mask, a volume or a video."""
    shape = array.shape[1:]
    if array.dtype.kind == "b":
        if array.ndim == 3:
            return Field(name, "mask", shape, ("no", "yes")), torch.from_numpy(array).byte()
        array = array.astype(np.uint8) * 255
    elif array.ndim == 3 and "mask" in name.lower() and array.min() >= 0 and array.max() < 256:
        names = tuple(map(str, range(int(array.max()) + 1)))
        return Field(name, "mask", shape, names), torch.from_numpy(array.astype(np.uint8))
    kind, first = _form(shape)
    if first is None:
        array = array[:, None]
    elif first is False:
        array = np.moveaxis(array, -1, 1)
    refuse_doubtful(array, splits, what)
    stored, codec = _stored(array, kind, what)
    bits = int(array.max()).bit_length()
    if codec == WORDS and 8 < bits <= DARK:
        report(
            f"{what} goes up to {array.max():g} of 65535, and so it is dark: divide it by what is "
            f"white, such as {(1 << bits) - 1}, to have it from 0 to 1"
        )
    return Field(name, kind, tuple(stored.shape[1:]), (), codec), stored


def _form(shape: tuple[int, ...]) -> tuple[str, bool | None]:
    """Which kind it is, and whether the channels come first; None: there are none.

    Args:
        shape: of a sample: 2 to 4 dimensions.
    """
    if len(shape) == 2:
        return "image", None
    if len(shape) == 3:
        first, last = shape[0] <= MOST_CHANNELS, shape[-1] <= MOST_CHANNELS
        return ("image", not last) if first or last else ("volume", None)
    first = shape[-1] not in (1, 3)
    channels, sides = (shape[0], shape[1:]) if first else (shape[-1], shape[:-1])
    video = channels in (1, 3) and len(set(sides)) > 1
    return "video" if video else "volume", first


def _stored(array: Array, kind: str, what: str) -> tuple[Tensor, str]:
    """The values with channels first, and the codec: bytes, or 16 bits of an image."""
    low, high, whole = float(array.min()), float(array.max()), array.dtype.kind != "f"
    unit = low >= -1 and high <= 1
    if not unit and (low < 0 or high > (65535 if kind == "image" else 255)):
        most = "65535" if kind == "image" else "255"
        raise GanzooError(
            f"{what} goes from {low:g} to {high:g}: {kind_of(kind).words} have values from "
            f"0 to {most}, or from 0 or -1 to 1"
        )
    least = -1.0 if low < 0 else 0.0
    words = (kind == "image" and not whole) if unit else high > 255
    stored = np.empty(array.shape, np.int16 if words else np.uint8)
    rows = max(1, _AT_ONCE // array[0].size)
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        if unit:
            part = (65535.0 if words else 255.0) * ((part.astype(np.float64) - least) / (1 - least))
        part = part.round()
        stored[start : start + rows] = part.astype(np.int32) - OFFSET if words else part
    return torch.from_numpy(stored), WORDS if words else ""


def _described(array: Array) -> str:
    return f"{array.dtype} {array.shape}"
