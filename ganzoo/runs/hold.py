"""Who trains a run: the process that holds the lock in its folder, which ends with the process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ganzoo.errors import GanzooError

LOCK = ".lock"
_PATIENCE, _AGAIN = 0.5, 0.01
"""Seconds until those who only ask are gone, and between two attempts."""


class Unwritable(GanzooError):
    """A run's folder can only be read."""


class Hold:
    """A run's folder and its lock as the system knows them, whatever has their names."""

    def __init__(self, folder: Path) -> None:
        self._lock = (folder / LOCK).stat()
        self._folder = folder.stat()

    def is_of(self, folder: Path) -> bool:
        """Whether a folder and its lock are these, as either may be moved or removed."""
        try:
            lock, here = (folder / LOCK).stat(), folder.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(lock, self._lock) and os.path.samestat(here, self._folder)


@contextmanager
def held(folder: Path, patience: float = _PATIENCE) -> Iterator[Hold]:
    """Hold a run for this process in this block.

    Raises:
        Unwritable: nobody can train it where it is.
        GanzooError: another process holds it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=patience, poll_interval=_AGAIN)
    except Timeout as error:
        raise GanzooError(f"{folder} is being trained by another process") from error
    except (OSError, NotImplementedError) as error:  # the latter: a disk without locks
        reason = getattr(error, "strerror", None) or error
        raise Unwritable(
            f"{folder} cannot be trained where it is ({reason}): copy the folder to a disk "
            "that can be written, and go on with the copy"
        ) from error
    try:
        yield Hold(folder)
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process holds a run; any number of processes may ask at once.

    Raises:
        Unwritable: nobody can know.
    """
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NONBLOCK)  # a stranger's is a pipe
    except FileNotFoundError:  # nobody has held it yet
        return False
    except OSError as error:
        raise Unwritable(f"{folder} lets nobody ask who trains it ({error.strerror})") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        raise Unwritable(f"{folder} lets nobody ask who trains it ({error.strerror})") from error
    finally:
        os.close(lock)
    return False
