"""Output whose reader may go away: a pipe that is closed, or a terminal."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Any, TextIO

_NOBODY = errno.EPIPE, errno.EIO
"""What the system says of a pipe, and of a terminal, at whose other end there is nobody."""


class Outlet:
    """A stream that takes what is written for lost, once it cannot be written, and goes on.

    Args:
        stream: such as `sys.stdout`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = False
        self.gone = False
        """Whether there is nobody any more who could read it."""

    def write(self, text: str) -> int:
        """Write, if that can be; returns how long it is."""
        if not self._lost:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Have the reader see it, if there is one."""
        if not self._lost:
            try:
                self._stream.flush()
            except OSError as error:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Give the rest to nobody, what Python flushes at its end included."""
        self._lost, self.gone = True, error.errno in _NOBODY
        with suppress(OSError):  # it has no file
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        """All else is the stream's."""
        return getattr(self._stream, name)
