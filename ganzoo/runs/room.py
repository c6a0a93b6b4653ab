"""Whether there is room for what a run keeps, before it is made."""

import shutil
from pathlib import Path

from ganzoo.errors import GanzooError


def check_room(folder: Path, needed: int) -> None:
    """See whether so many bytes are free for checkpoints.

    Raises:
        GanzooError: they are not.
    """
    free = free_bytes(folder)
    if needed > free:
        raise GanzooError(
            f"the checkpoints of this training need {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} "
            f"MB are free in '{folder}': make room there, or choose a folder elsewhere with --out"
        )


def free_bytes(folder: Path) -> int:
    """On the disk of a folder, which need not be there yet."""
    above = (folder.absolute(), *folder.absolute().parents)
    return shutil.disk_usage(next(one for one in above if one.exists())).free
