"""Decoded images in one safetensors file: written once, and from then on mapped, few copied.

A folder's file is written image by image, as all of them may not fit into memory. It holds
``image``, (n, channels, height, width), of uint8, or of int16 for 16 bits, and ``kept``, bool
(files,): which of the files the images come from, as some cannot be read. The file of a labelled
set holds ``image``, ``label``, int64 (n,), and the labels' names. Either appears under its name
only when it is complete, so a writer that is killed leaves nothing that could be taken for a cache.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ganzoo.artifacts.files import leftovers, replacing
from ganzoo.artifacts.places import cache_folder, make_cache_folder
from ganzoo.data.content import digest
from ganzoo.data.files.formats import known_formats
from ganzoo.data.files.seen import Seen, nothing_seen
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels
from ganzoo.data.mapped import changed, mapped_files, watch
from ganzoo.errors import GanzooError

VERSION = 6
"""Of how images are decoded and stored: a new one leaves the old files unused."""

_HEADER = 1024 - 8
"""Bytes that are kept free for the header, which is known last; spaces fill it up."""

_TICK_NS = 20_000_000
"""Longer than the steps in which a file system counts time."""

_DAY = 24 * 60 * 60

_DIGEST = "digest"
"""In the metadata: of what is stored."""

_ABOUT = "about"
"""In those of a labelled set: all else, as one, as safetensors would write several in any order."""

_SOUND: set[tuple[str, int, int, int]] = set()
"""Caches, with their number, size and time, that this process has found to be what was stored."""

COPIED = 1 << 28
"""Bytes up to which the images are copied, half of what a process takes with torch alone: who reads
what is mapped is ended by the system, without a word, where something has cut the file short."""

_DAMAGE = (OSError, SafetensorError, TypeError, LookupError, ValueError, AttributeError)
"""What a reader may make of a file that is not there, or not what was written."""


def cache_path(
    folder: Path,
    files: Sequence[str],
    others: Sequence[str],
    image_size: tuple[int, int],
    content: str = "images",
    wanted: Pixels = AS_THEY_ARE,
) -> Path:
    """The cache for these files as they are now: another one as soon as any of them changes.

    Args:
        folder: where the files are.
        files: the paths of those to decode, relative to `folder`.
        others: the paths of those that have a say in how.
        image_size: (height, width) of the decoded images.
        content: what is made of the files, where that is not one image of each.
        wanted: what ``--pixels`` says.
    """
    digest = hashlib.blake2b(digest_size=16)
    asked = (VERSION, image_size, len(files), *dataclasses.astuple(wanted), known_formats())
    digest.update(repr(asked).encode() + os.fsencode(os.path.realpath(folder)))
    newest = 0
    for file in (*files, *others):
        try:
            status = (folder / file).stat()
            newest = max(newest, status.st_ctime_ns)
            # Size and time of change can be those of another file that was put in its place: its
            # number, and the time at which the system says it was put there, cannot.
            state = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
        except OSError:  # such as a dangling link: decoding it will say so
            state = "unreadable"
        digest.update(b"\0" + os.fsencode(file) + b"\0" + state.encode())
    if abs(time.time_ns() - newest) < _TICK_NS:  # a change right after would have the same time
        time.sleep(_TICK_NS / 1e9)
    return cache_folder() / f"{content}-{digest.hexdigest()}.safetensors"


class Stored(NamedTuple):
    """What is in the cache of a folder."""

    images: Tensor
    """Mapped, or a copy of few."""
    kept: Tensor
    """Which files they come from."""
    seen: Seen
    """What else was found in the files, as `write` was told."""


def read(
    path: Path,
    files: int,
    image_size: tuple[int, int],
    report: Callable[[str], None] = lambda message: None,
) -> Stored | None:
    """The images of a folder, or None where there is no cache, a damaged one or that of another.

    Args:
        path: from `cache_path`.
        files: how many there are.
        image_size: (height, width) of the decoded images.
        report: is told where the images are not those that were stored.
    """
    with contextlib.suppress(*_DAMAGE), _open(path) as stored:
        told = stored.metadata()
        tensors = _images(path, stored), stored.get_tensor("kept").clone()
        if not _is_unchanged(path, told, tensors, report):
            return None
        seen = {name: int(told.get(name, value)) for name, value in nothing_seen().items()}
        found = Stored(*tensors, seen)
        images, kept = found.images, found.kept
        if (len(images), tuple(images.shape[2:])) == (int(kept.sum()), image_size):
            return found if kept.shape == (files,) else None
    return None


def read_labelled(
    path: Path, report: Callable[[str], None] = lambda message: None
) -> tuple[Tensor, Tensor, tuple[str, ...]] | None:
    """A labelled set, mapped, or a copy of a small one.

    Args:
        path: from `cache_path`.
        report: see `read`.

    Returns:
        ``image``, ``label`` and the labels' names, or None where there is no cache or a damaged
        one.
    """
    with contextlib.suppress(*_DAMAGE), _open(path) as stored:
        tensors = _images(path, stored), stored.get_tensor("label").clone()
        about = json.loads(stored.metadata()[_ABOUT])
        if _is_unchanged(path, about, tensors, report):
            return *tensors, tuple(about["classes"])
    return None


def _open(path: Path) -> Any:
    """A cache, mapped.

    Raises:
        OSError: it is not there, or a pipe or the like, whose writer may never come.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    return safe_open(path, "pt")


def _images(path: Path, stored: Any) -> Tensor:
    """Mapped, or a copy of few."""
    mapped: Tensor = stored.get_tensor("image")
    if mapped.nbytes <= COPIED:
        return mapped.clone()
    watch(path)
    return mapped


def _is_unchanged(
    path: Path,
    told: Mapping[str, Any],
    tensors: Sequence[Tensor],
    report: Callable[[str], None],
) -> bool:
    """Whether the tensors are those that were stored, which is looked at once in a process."""
    status = path.stat()
    state = str(path), status.st_ino, status.st_size, status.st_mtime_ns
    if state not in _SOUND:
        if told.get(_DIGEST) != digest(tensors):
            report(
                f"the decoded images in '{path}' are not what was written, and are decoded anew: "
                "its disk may be failing"
            )
            return False
        _SOUND.add(state)
    return True


def refuse_changed() -> None:
    """See whether the images that this process has mapped are still those that it has read.

    Raises:
        GanzooError: something has written into a file of them, or has cut it short.
    """
    mapped = mapped_files()
    for path, number, *_ in _SOUND:
        if mapped is not None and os.path.realpath(path) not in mapped:
            continue  # all of it was copied
        with contextlib.suppress(OSError):  # what is mapped stays when its name is gone
            status = Path(path).stat()
            now = path, status.st_ino, status.st_size, status.st_mtime_ns
            if status.st_ino == number and now not in _SOUND:
                raise changed(path)


def write(
    path: Path,
    shape: tuple[int, int, int],
    images: Iterable[np.ndarray | None],
    words: bool = False,
    seen: Seen | None = None,
) -> None:
    """Store the images as they come; nothing is left behind if this is interrupted.

    Args:
        path: from `cache_path`.
        shape: (channels, height, width) of each image.
        images: one a file, uint8, or None for a file that cannot be read.
        words: the images are int16.
        seen: what else is found in the files; it is read when the last image has come.

    Raises:
        GanzooError: the folder cannot be written.
    """
    with _writing(path) as temporary:
        kept = bytearray()
        with temporary.open("wb") as file:
            file.seek(8 + _HEADER)
            for image in images:
                kept.append(image is not None)
                if image is not None:
                    file.write(image.tobytes())
            file.write(kept)
        told = {name: str(value) for name, value in (seen or nothing_seen()).items()}
        _write_header(temporary, _header(shape, kept, words, told))
        with safe_open(temporary, "pt") as stored:
            told[_DIGEST] = digest((stored.get_tensor("image"), stored.get_tensor("kept")))
        _write_header(temporary, _header(shape, kept, words, told))


def write_labelled(path: Path, images: Tensor, labels: Tensor, classes: Sequence[str]) -> None:
    """Store a labelled set; nothing is left behind if this is interrupted.

    Args:
        path: from `cache_path`.
        images: uint8 (n, channels, height, width), contiguous.
        labels: int64 (n,).
        classes: the labels' names.

    Raises:
        GanzooError: the folder cannot be written.
    """
    about = {"classes": classes, _DIGEST: digest((images, labels))}
    content = save({"image": images, "label": labels}, {_ABOUT: json.dumps(about)})
    with _writing(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """The temporary name of a cache that is being written."""
    try:
        make_cache_folder()
        _remove_abandoned(path.parent)
        with contextlib.ExitStack() as until_renamed, replacing(path) as temporary:
            held = until_renamed.enter_context(temporary.open("wb"))
            with contextlib.suppress(OSError):  # a disk without locks
                fcntl.flock(held, fcntl.LOCK_EX)
            yield temporary
    except OSError as error:
        raise GanzooError(
            f"the image cache '{path.parent}' cannot be written ({error.strerror}): "
            "set GANZOO_CACHE to a folder that can"
        ) from error


def _write_header(path: Path, header: bytes) -> None:
    with path.open("r+b") as file:
        file.write(len(header).to_bytes(8, "little") + header)


def _header(
    shape: tuple[int, int, int], kept: bytearray, words: bool, told: Mapping[str, str]
) -> bytes:
    images = sum(kept)
    end = images * int(np.prod(shape)) * (1 + words)
    fields = {
        "__metadata__": told,
        "image": {
            "dtype": "I16" if words else "U8",
            "shape": [images, *shape],
            "data_offsets": [0, end],
        },
        "kept": {"dtype": "BOOL", "shape": [len(kept)], "data_offsets": [end, end + len(kept)]},
    }
    return json.dumps(fields).encode().ljust(_HEADER)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed writers left, a day later, as on a disk without locks nobody knows."""
    for file in leftovers(folder):
        with contextlib.suppress(OSError):  # another process was faster
            if time.time() - file.stat().st_mtime > _DAY and not _is_held(file):
                file.unlink()


def _is_held(file: Path) -> bool:
    """Whether somebody still writes a file, whatever the time is there."""
    with file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a disk without locks
            return False
    return False
