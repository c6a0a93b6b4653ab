"""Whether there is room for what a run keeps, before it is made."""

import shutil
from pathlib import Path

from ganzoo.errors import GanzooError


def check_room(folder: Path, needed: int, whose: str = "this training") -> None:
    """See whether so many bytes are free for checkpoints.

    Args:
        folder: on the disk where they are to be.
        needed: bytes.
        whose: they are, for the message.

    Raises:
        GanzooError: they are not.
    """
    total, free = _disk_of(folder)
    if needed > free and total:  # what has no size at all, such as /proc, is refused as such
        raise GanzooError(
            f"the checkpoints of {whose} need {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} "
            f"MB are free in '{folder}': make room there, or choose a folder elsewhere with --out"
        )


def free_bytes(folder: Path) -> int:
    """On the disk of a folder, which need not be there yet."""
    return _disk_of(folder)[1]


def _disk_of(folder: Path) -> tuple[int, int]:
    """Its bytes, and those that are free."""
    above = (folder.absolute(), *folder.absolute().parents)
    disk = shutil.disk_usage(next(one for one in above if one.exists()))
    return disk.total, disk.free
