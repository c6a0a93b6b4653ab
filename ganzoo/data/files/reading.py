"""How long a file of bytes is read, and what keeps it from being read for now.

A decoder may look for an image byte by byte; a disk or a network may fail for a moment.
"""

import errno
import io
from pathlib import Path

PARTS = 2_000_000
"""That are read of a file at most, in a second of the processor; a film of 250 MB has as many."""
PASSING = frozenset(
    {
        *(errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ENODEV, errno.ENXIO),
        *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.EAGAIN),
        *(errno.ENOENT, errno.ENOTDIR, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
    }
)
"""Errors of the system after which the same file may be read."""


class PatientFile(io.BufferedReader):
    """A file of bytes that loses patience with who reads it in too many parts."""

    def __init__(self, path: Path) -> None:
        """Open it; raises as `open` does."""
        super().__init__(io.FileIO(path))
        self._path, self._left = path, PARTS

    def read(self, size: int | None = -1, /) -> bytes:
        """See `io.BufferedReader`.

        Raises:
            OSError: it was read too often.
        """
        self._left -= 1
        if self._left < 0:
            said = f"no image was found in {PARTS:,} parts of it"
            raise OSError(errno.EFBIG, said, str(self._path))
        return super().read(size)


class Unreachable(str):
    """Why a file could not be read, which says nothing of the file itself."""

    __slots__ = ()


def reason_of(path: Path, error: Exception) -> str:
    """Why a file cannot be read; `Unreachable`, where it may be readable again.

    One that was listed and is not there has gone meanwhile, unless it is a link that leads nowhere.
    """
    number, said = (error.errno, error.strerror) if isinstance(error, OSError) else (None, None)
    reason = said or str(error) or type(error).__name__
    leads_nowhere = number == errno.ENOENT and path.is_symlink()
    return Unreachable(reason) if number in PASSING and not leads_nowhere else reason
