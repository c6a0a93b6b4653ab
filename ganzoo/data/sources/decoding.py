"""Images decoded: every mode as the eye sees it, once, and from then on read from the cache."""

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from ganzoo.artifacts.waiting import bar
from ganzoo.data.files.opened import (
    Half,
    is_coloured,
    limited,
    look,
    look_at_words,
    mode_of,
    upright_size,
)
from ganzoo.data.files.reading import Unreachable
from ganzoo.data.files.seen import Seen, nothing_seen, report_seen, see
from ganzoo.data.files.wanted import AS_THEY_ARE, CHANNELS, MOST_BITS, Pixels
from ganzoo.data.sources import cache
from ganzoo.data.trying import TRIED, stand_ins
from ganzoo.errors import GanzooError, counted

T = TypeVar("T")
R = TypeVar("R")

TOLD = 5
"""Reasons, at most, for which files are said to be skipped."""
WORTH = 1 << 30
"""Bytes of all images, beyond which no more are made up."""
SIGNED = "ganzoo made it, as a text 'ganzoo' in it says, and it is data once saved without that"
"""Why a picture is skipped that lies among photos."""
_WHY: dict[Path, str] = {}
"""Why files were skipped of the caches that this process has filled, so that it says so once."""


def decode(
    folder: Path,
    files: Sequence[str],
    image_size: tuple[int, int],
    report: Callable[[str], None],
    others: Sequence[str] = (),
    half: Half = "",
    before: Callable[[], None] = lambda: None,
    most_bits: Literal[8, 16] = 16,
    wanted: Pixels = AS_THEY_ARE,
) -> tuple[Tensor, Tensor]:
    """The images in these files, decoded once and from then on read from the cache.

    Args:
        folder: where the files are.
        files: their paths, relative to `folder`.
        image_size: (height, width).
        report: is told how many files are skipped because they cannot be read, and which.
        others: the files of the other split, which has as many channels; relative or absolute.
        half: of each file, where it holds two images beside each other; empty: all of it.
        before: is called before files are decoded that the cache has not.
        most_bits: of a pixel; 16 are kept where all files are grayscale and have them.
        wanted: what ``--pixels`` says.

    Returns:
        The images, uint8 (n, channels, height, width), or int16 as `ganzoo.data.kinds.image` stores
        16 bits, and which files they come from, bool (files,).

    Raises:
        GanzooError: no file can be read, or the cache cannot be written.
    """
    content = (half or "images") + ("-of-bytes" if most_bits == 8 else "")
    path = cache.cache_path(folder, files, others, image_size, content, wanted)
    stored = cache.read(path, len(files), image_size, report)
    if stored is None:
        before()
    if stored is None and stand_ins(len(files)) is not None:
        return _some_for_all(folder, files, image_size, report, half, most_bits, wanted)
    if stored is None:
        _WHY[path] = _fill_cache(path, folder, files, others, image_size, half, most_bits, wanted)
        stored = cache.read(path, len(files), image_size)
    if stored is None:
        raise GanzooError(f"the image cache '{path}' cannot be read back: check its disk")
    skipped = len(files) - len(stored.images)
    if skipped:
        why = _WHY.get(path, "")
        report(f"skipped {skipped:,} of {counted(len(files), 'file')} in '{folder}'{why}")
    _report(f"in '{folder}'", stored.seen, image_size, wanted, report)
    if wanted.bits < MOST_BITS and not stored.seen["highest"] and not skipped:
        report(f"no file in '{folder}' has 16 bits, of which --pixels bits={wanted.bits} says some")
    return stored.images, stored.kept


def _report(
    where: str,
    seen: Seen,
    size: tuple[int, int],
    wanted: Pixels,
    report: Callable[[str], None],
) -> None:
    """Say what was made of the files; see `report_seen`."""
    report_seen(where, seen, wanted, report)
    if seen["enlarged"]:
        height, width = size
        report(
            f"{counted(seen['enlarged'], 'file')} {where} smaller than {height}x{width}, and "
            "enlarged to it, which adds no detail: a training with a smaller --image-size is faster"
        )


def _some_for_all(
    folder: Path,
    files: Sequence[str],
    image_size: tuple[int, int],
    report: Callable[[str], None],
    half: Half,
    most_bits: Literal[8, 16],
    wanted: Pixels,
) -> tuple[Tensor, Tensor]:
    """As many images as `decode` gives, or as are worth it, which repeat some of them."""
    chosen = [files[number * len(files) // TRIED] for number in range(TRIED)]
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "some.safetensors"
        why = _fill_cache(path, folder, chosen, (), image_size, half, most_bits, wanted)
        stored = cache.read(path, TRIED, image_size)
        assert stored is not None
        if why:
            report(f"skipped some of these in '{folder}'{why}")
        _report(f"of {TRIED} tried in '{folder}'", stored.seen, image_size, wanted, report)
        count = min(len(files), max(1, WORTH // stored.images[0].nbytes))
        images = stored.images[torch.arange(count) % len(stored.images)]
    report(f"images are not decoded yet: {TRIED} of {len(files):,} stand for all")
    return images, torch.arange(len(files)) < count


def upright_sizes(folder: Path, files: Sequence[str]) -> list[tuple[int, int] | None]:
    """The (height, width) of each file as its header says; None: it cannot be read."""
    with ThreadPoolExecutor() as pool:
        return [*_in_order(pool, upright_size, (folder / file for file in files))]


def _fill_cache(
    path: Path,
    folder: Path,
    files: Sequence[str],
    others: Sequence[str],
    image_size: tuple[int, int],
    half: Half,
    most_bits: int,
    wanted: Pixels,
) -> str:
    """Decode files into the cache; say which were skipped, and why, as the end of a sentence."""
    # Threads, as Pillow releases the interpreter lock while it decodes and scales.
    with (
        limited(wanted),
        ThreadPoolExecutor() as pool,
        bar("decoding images", len(files)) as advance,
    ):
        paths = [folder / file for file in files]
        every = (*paths, *(folder / file for file in others))
        look_up = partial(mode_of, wanted=wanted, signed=False)
        found = [*_in_order(pool, look_up, every)]
        modes = [mode for mode in found if mode]
        channels = CHANNELS.get(wanted.colour) or (3 if any(map(is_coloured, modes)) else 1)
        words = most_bits == 16 and channels == 1 and {mode[0] for mode in modes} == {"I"}
        read = look_at_words if words else partial(look, channels=channels)
        seen = nothing_seen()
        skipped: dict[str, list[str]] = {}

        def images() -> Iterator[np.ndarray | None]:
            reading = partial(read, size=image_size, half=half, wanted=wanted)
            decoded = _in_order(pool, reading, paths)
            for file, mode, image in zip(files, found, decoded, strict=False):
                advance(1)
                if isinstance(image, Unreachable):
                    raise _for_now(folder / file, image)
                if not mode and not isinstance(image, str) and look_up(folder / file):
                    raise _for_now(folder / file, "it could not be at first")
                if not isinstance(image, str) and image.signed:
                    image = SIGNED
                if isinstance(image, str):
                    skipped.setdefault(image, []).append(file)
                    yield None
                else:
                    see(seen, image)
                    yield image.pixels
            if sum(map(len, skipped.values())) == len(files):
                raise GanzooError(
                    f"of {counted(len(files), 'file')} in '{folder}' none can be read"
                    + _why(skipped)
                )

        cache.write(path, (channels, *image_size), images(), words, seen)
    return _why(skipped)


def _for_now(file: Path, reason: str) -> GanzooError:
    """What was decoded would be kept, and such a file left out of all trainings to come."""
    return GanzooError(
        f"'{file}' cannot be read now: {reason}: nothing was kept of what was decoded; try again "
        "once its disk is there, or move the file away"
    )


def _why(skipped: Mapping[str, Sequence[str]]) -> str:
    """By reason, the most frequent first, how many files were skipped, with an example of each."""
    reasons = sorted(skipped.items(), key=lambda one: -len(one[1]))
    told = [
        f"{reason} ('{files[0]}'{f' and {len(files) - 1:,} more' if files[1:] else ''})"
        for reason, files in reasons[:TOLD]
    ]
    if rest := sum(len(files) for _, files in reasons[TOLD:]):
        told.append(f"and {counted(rest, 'other')} for other reasons")
    return f": {', '.join(told)}" if told else ""


def _in_order(pool: Executor, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Like `pool.map`, but only a little ahead of its reader, so that memory stays bounded."""
    pending: deque[Future[R]] = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= 128:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()
