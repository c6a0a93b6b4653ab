"""Files that are whole or not there at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that becomes `path` when the block ends without an error.

    The content is on the disk before the name changes, so a crash leaves the old file or the new.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that becomes `path` when the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file or a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def refuse_links(path: Path) -> None:
    """Refuse to write into a run's folder through what leads elsewhere, as it may be a stranger's.

    Raises:
        GanzooError: something in it is a link.
    """
    inside = [child for child in path.iterdir() if child.is_symlink() or child.is_dir()]
    for entry in [*inside, *(one for part in inside for one in part.glob("*"))]:
        if entry.is_symlink():
            raise GanzooError(
                f"{entry} is a link, through which a run that is not yours could have files "
                "written elsewhere: put what it leads to in its place"
            )
