"""Where what is made may be written, whether there is room for it, and films and names of files."""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from math import prod
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ganzoo.artifacts.films import check_film, write_film
from ganzoo.artifacts.places import check_place
from ganzoo.engine.machine import free_memory
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo.spec import Field

FORMS = FILES, NPZ, PICTURE = "files", "npz", "picture"
FILE_SUFFIXES = frozenset({".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".npy", ".csv", ".txt"})
"""Of a name that somebody takes for one of a single file."""
MANIFEST = "samples.json"
"""In a folder of samples: the run, the checkpoint, the seed, and the number of each file."""

_NOTED = 300
"""Bytes that are kept of each sample whatever it is: its number, its name, its latent."""
_FILE = 512
"""Bytes that a file takes at least."""
_FLOAT = 4


def check_out(out: Path, form: str | None = None) -> str:
    """The form in which samples are written there, as its name ends where none is given.

    Raises:
        GanzooError: it is there already, or a file of which there can be none.
    """
    check_place(out)
    form = form or {".npz": NPZ, ".png": PICTURE}.get(out.suffix.lower(), FILES)
    if form == FILES and out.suffix.lower() in FILE_SUFFIXES:
        raise GanzooError(f"--out {out} must be a folder, or a name ending in .npz or .png")
    if out.exists() and (not out.is_dir() or form != FILES or any(out.iterdir())):
        raise GanzooError(f"{out} exists already: choose another --out")
    return form


def check_film_out(out: Path) -> None:
    """See whether a film can be written there.

    Raises:
        GanzooError: it cannot, and why.
    """
    check_film(out)
    check_place(out)
    if out.exists():
        raise GanzooError(f"{out} exists already: choose another --out")


def save_film(pictures: Sequence[Image], out: Path, *, loop: bool) -> None:
    """Write pictures of one size as a film, which is shown again and again, or once.

    Raises:
        GanzooError: it exists already, or cannot be written.
    """
    check_film_out(out)
    frames = [_opaque(picture) for picture in pictures]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_film(frames, out, loop=loop)
    except OSError as error:
        reason = error.strerror or error
        raise GanzooError(
            f"the film cannot be written to {out} ({reason}): choose another --out"
        ) from error


def rename(folder: Path, names: tuple[str, ...]) -> None:
    """Give files that are called after the order of their samples the names of these."""
    aside = Path(tempfile.mkdtemp(dir=folder))  # as one's new name may be another's old
    for path in folder.iterdir():
        stem, dot, suffix = path.name.partition(".")
        if stem.isdigit() and stem != names[int(stem)]:
            path.rename(aside / path.name)
    for path in aside.iterdir():
        stem, dot, suffix = path.name.partition(".")
        named = folder / f"{names[int(stem)]}{dot}{suffix}"
        named.parent.mkdir(parents=True, exist_ok=True)
        path.rename(named)
    aside.rmdir()


def _opaque(picture: Image) -> Image:
    """A picture as a film has it: gray or in colour."""
    if picture.mode in ("L", "RGB"):
        return picture
    import numpy as np
    import PIL.Image

    if picture.mode.startswith("I"):  # of 16 bits
        return PIL.Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    white = PIL.Image.new("RGBA", picture.size, "white")
    return PIL.Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def bare(name: str) -> str:
    """The name of an image without its suffix, below whatever folder it is written to."""
    path = PurePosixPath(name).with_suffix("")
    return path.name if path.is_absolute() or ".." in path.parts else str(path)


def alike(name: str) -> str:
    """The same text for all names that some disk takes for one: ``X.png`` and ``x.png``."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Needed(NamedTuple):
    """Bytes that are needed at least."""

    memory: int
    disk: int


def held(field: Field, n: int, scale: int = 1) -> Needed:
    """What samples take that a program holds, drawn in parts that are then joined.

    Args:
        field: of which they are.
        n: how many.
        scale: how many times as high and wide they are.
    """
    return Needed(n * (_NOTED + 2 * _FLOAT * prod(field.shape) * scale**2), 0)


def written(field: Field, n: int, form: str, scale: int = 1) -> Needed:
    """What samples take that are written; `form` is one of `FORMS`."""
    if form == PICTURE:
        return held(field, n, scale)
    if form == NPZ:
        stored = n * prod(field.shape)  # at least a byte of each number
        return Needed(n * _NOTED + 2 * stored, stored)
    return Needed(n * _NOTED, n * _FILE if field.kind == "image" else n)


def filmed(field: Field, frames: int, scale: int = 1) -> Needed:
    """What a film takes: its frames, and a picture of each."""
    made, _ = held(field, frames)
    return Needed(made + 2 * frames * prod(field.shape) * scale**2, 0)


def check_room(what: str, needed: Needed, out: Path | None = None, *, fewer: str) -> None:
    """Refuse what cannot fit here.

    Args:
        what: is asked for, for the user: ``"64 samples"``.
        needed: for it.
        out: where it is written; None: nowhere.
        fewer: what to ask for instead.

    Raises:
        GanzooError: memory or disk is too small.
    """
    room = free_memory()
    if room is not None and needed.memory > room:
        raise GanzooError(
            f"{what} would take {_said(needed.memory)} of memory, and {_said(room)} are free: "
            f"{fewer}"
        )
    if out is None:
        return
    there = next(place for place in out.absolute().parents if place.exists())
    total, _, disk = shutil.disk_usage(there)
    if total and needed.disk > disk:  # nothing can be written where there is no disk at all
        raise GanzooError(
            f"{what} would take {_said(needed.disk)} of the disk of {out}, and {_said(disk)} are "
            f"free: {fewer}"
        )


def _said(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size > 1e8 else f"{size / 1e6:,.1f} MB"
