"""What a plugin may do to a command while it is imported: take so long, and say so much."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any, NoReturn, TextIO, cast

from ganzoo.plugins.surroundings import unchanged

SECONDS = 60.0
"""Of the processor, that an import may take, torch's included; and that it may wait."""
WORKING = 1 / 600
"""Of the time, is what it has the processor for at least while it does not wait, however busy the
machine, slow the disk and low its priority, which of Ray's tasks is nearly the lowest."""
CHARACTERS = 4096
"""That are shown of what it prints."""


class Muffled:
    """Passes on the beginning of what is written.

    Args:
        stream: to which.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._left = stream, CHARACTERS

    def write(self, text: str) -> int:
        """Write as much as may still be said."""
        if self._left > 0:
            self._stream.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._stream.write("...\n")
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a stream can be asked."""
        return getattr(self._stream, name)

    def speak(self) -> None:
        """Pass on everything from now on, for who has kept it."""
        self._left = sys.maxsize


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Import a plugin here: what it prints goes to stderr, as stdout belongs to the command.

    Raises:
        ImportError: it raised what is no `Exception`, and nobody catches.
        SystemExit: it would have ended the program.
        TimeoutError: it takes more than `SECONDS` of the processor, or waits that long; it is
            raised again each second, for who catches it.
    """
    muffled = Muffled(sys.stderr)
    try:
        with (
            contextlib.redirect_stdout(cast("TextIO", muffled)),
            _limited(),
            _staying(),
            unchanged(),
        ):
            yield
    except (Exception, SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ImportError(f"it raised {type(error).__name__}, which nobody catches") from error
    finally:
        muffled.speak()


@contextlib.contextmanager
def _staying() -> Iterator[None]:
    """Have `os._exit`, which nothing else can catch, raise; in processes of the plugin it ends."""
    leave, here = os._exit, os.getpid()

    def stay(status: int) -> NoReturn:
        if os.getpid() != here:
            leave(status)
        raise SystemExit(f"it would have ended the program, with status {status}")

    os._exit = stay
    try:
        yield
    finally:
        os._exit = leave


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    busy = signal.getitimer(signal.ITIMER_REAL)[0] > 0  # somebody else's
    if busy or threading.current_thread() is not threading.main_thread():
        yield
        return

    began = seen = time.process_time()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        worked, seen = time.process_time() - seen, time.process_time()
        if worked >= WORKING * SECONDS and seen - began < SECONDS:
            return  # others have the processor: it is not slow itself
        signal.setitimer(signal.ITIMER_REAL, 1.0, 1.0)
        raise TimeoutError(f"it was not imported within {SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
