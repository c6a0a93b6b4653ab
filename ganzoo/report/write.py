"""A page as a file, written once or again and again while a training runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ganzoo.artifacts.files import refuse_links, replacing
from ganzoo.artifacts.places import check_place
from ganzoo.compare.runs import runs_of
from ganzoo.errors import GanzooError
from ganzoo.report.gather import Content, gather
from ganzoo.report.page import MARK, render
from ganzoo.runs.run import Run

FILE = "report.html"
EVERY = 5.0
"""Seconds between two looks at runs that are followed."""


def report(paths: Sequence[Path], out: Path | None = None) -> Path:
    """Write a page about runs as they are now.

    Args:
        paths: of one run or more, or of folders that hold some, such as that of a sweep.
        out: the file; None: `FILE`, in the run's folder, or where one is, of several runs.

    Returns:
        The file.

    Raises:
        GanzooError: one is no run or damaged, or the file is somebody else's or cannot be written.
    """
    place, runs = _place(paths, out), _runs(paths)
    _write(place, gather(runs), None)
    return place


def follow(
    paths: Sequence[Path], out: Path | None = None, every: float = EVERY
) -> Iterator[tuple[Path, Content]]:
    """Write a page, and again as long as a run is trained; the page loads itself anew meanwhile.

    Args:
        paths: see `report`.
        out: see `report`.
        every: seconds between two.

    Yields:
        The file, and what it says, each time that it is written.

    Raises:
        GanzooError: see `report`.
    """
    place, runs = _place(paths, out), _runs(paths)
    while True:
        content = gather(runs)
        _refuse_other(place)  # which somebody may have put there meanwhile
        _write(place, content, every if content.running else None)
        yield place, content
        if not content.running:
            return
        time.sleep(every)


def _runs(paths: Sequence[Path]) -> list[Path]:
    return [run for path in paths for run in runs_of(path)]


def _place(paths: Sequence[Path], out: Path | None) -> Path:
    """Where the page goes, if it may."""
    if not paths:
        raise GanzooError("name a run to report on: `ganzoo runs` lists those in a folder")
    place = Path(os.path.realpath(out)) if out is not None and out.is_symlink() else out
    if place is None and runs_of(paths[0]) == [*paths]:
        refuse_links(Run.open(paths[0]).path)
        place = paths[0] / FILE
    place = place or Path(FILE)
    if place.is_dir():
        place = place / FILE
    check_place(place)
    _refuse_other(place)
    return place


def _refuse_other(place: Path) -> None:
    if place.exists() and not (place.is_file() and _is_page(place)):
        raise GanzooError(f"{place} is no report, and is left as it is: choose another --out")


def _is_page(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return MARK in file.read(100)
    except OSError:
        return False


def _write(place: Path, content: Content, again: float | None) -> None:
    text = render(content, again)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GanzooError(
            f"{place} cannot be written ({error.strerror or error}): choose another --out"
        ) from error
