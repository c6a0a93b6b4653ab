"""Which images there are below a folder."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ganzoo.artifacts.places import cache_folder, expanded, is_made_here, is_run
from ganzoo.data.files.formats import (
    IMAGES,
    OTHERS,
    SUFFIXES,
    advice,
    format_of,
    name_of,
    readable,
)
from ganzoo.data.files.zipped import is_zip, unzipped
from ganzoo.errors import GanzooError, counted

BY_NAME, RULES = 1, 2
"""How files are found, split and held out. By the first rules, those of runs from before there were
others, images are what is called so, splits are called ``train`` and ``test``, and every tenth
sample is held out whatever its class."""


def existing(root: Path | None, dataset: str, needed: str) -> Path:
    """The folder that ``--data-root`` names.

    Args:
        root: what was named; of a zip, what is in it.
        dataset: by which set, for the error message.
        needed: what it must be, such as ``"a folder of images"``.

    Raises:
        GanzooError: none is named, or it is no folder.
    """
    if root is None:
        raise GanzooError(f"--dataset {dataset} needs --data-root DIR, {needed}")
    root = expanded(root)
    if is_zip(root):
        return unzipped(root)
    if not root.exists():
        raise GanzooError(f"there is no folder '{root}': name {needed}")
    if not root.is_dir():
        raise GanzooError(f"'{root}' is neither a folder nor a zip: name {needed}")
    if is_run(root):
        raise GanzooError(f"'{root}' is a run of ganzoo's: name {needed}")
    return root


def no_images(folder: Path) -> GanzooError:
    """The error for a folder without images."""
    return GanzooError(
        f"the folder '{folder}' holds no images: it must hold {', '.join(SUFFIXES)} files"
    )


def list_images(folder: Path, report: Callable[[str], None], rules: int = RULES) -> list[str]:
    """The image files below `folder`, by their names or, where those say nothing, by their content.

    Args:
        folder: in which folders of ganzoo's own, such as runs, are left out, as are files and
            folders whose names start with a dot.
        report: is told of what is left out, and of images that cannot be read here.
        rules: by which.

    Returns:
        Sorted paths, relative to it, with slashes.
    """
    found: list[str] = []
    foreign: dict[str, list[str]] = {}
    own: list[str] = []
    false: list[str] = []
    for where, files in _walk(folder, report, own if rules > BY_NAME else None):
        for name in files:
            path = Path(where, name)
            suffix = path.suffix.lower()
            if name.startswith(".") or suffix in OTHERS or _is_endless(path):
                continue
            relative = path.relative_to(folder).as_posix()
            if suffix in SUFFIXES:
                found.append(relative)
            elif rules > BY_NAME and (what := format_of(path)):
                (found if readable(what) else foreign.setdefault(what, [])).append(relative)
            elif suffix in IMAGES:
                false.append(relative)
    if own:
        more = f" and {len(own) - 1} more" if own[1:] else ""
        report(f"left out, as ganzoo made it: '{own[0]}'{more} in '{folder}'")
    for what, files in foreign.items():
        report(
            f"left out: {counted(len(files), f'{name_of(what)} file')} in '{folder}', such as "
            f"'{min(files)}': {advice(what)}"
        )
    if false:
        report(
            f"left out: {counted(len(false), 'file')} in '{folder}' whose names are those of "
            f"images and whose content is not, such as '{min(false)}'"
        )
    return sorted(found)


def _is_endless(path: Path) -> bool:
    """Whether it is a pipe, a socket or a device, whose reader may wait for ever."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:  # such as a dangling link: decoding it will say so
        return False


def _walk(
    folder: Path, report: Callable[[str], None], own: list[str] | None
) -> Iterator[tuple[str, list[str]]]:
    """Each folder and its files, links followed but not in circles.

    A folder that is there twice at the top, as a link to a split's, is found twice.
    """
    seen = set()
    top = os.path.realpath(folder)
    cache = os.path.realpath(cache_folder())
    for where, folders, files in os.walk(
        folder,
        followlinks=True,
        onerror=lambda error: report(f"skipped '{error.filename}': {error.strerror}"),
    ):
        real = os.path.realpath(where)
        place = Path(where).relative_to(folder).parts[:1], real
        if place in seen or (real == top and place[0]):  # by another link, perhaps from below
            folders.clear()
            continue
        seen.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if own is not None:
            made = [name for name in folders if is_made_here(Path(where, name))]
            own += [Path(where, name).relative_to(folder).as_posix() for name in made]
            folders[:] = [
                name
                for name in folders
                if name not in made and os.path.realpath(Path(where, name)) != cache
            ]
        yield where, files
