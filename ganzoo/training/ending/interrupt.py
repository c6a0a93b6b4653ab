"""Ctrl-C and the like: answered at once, obeyed between two iterations."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
"""Of Ctrl-C, of a machine that is shut down or a job that is cancelled, and of a terminal that is
closed."""
ATTENTION = 0.1
"""Seconds after which a signal is answered."""


class Interrupt:
    """The wish of the user, or of the machine, that a training stops."""

    def __init__(self) -> None:
        self.heard = False
        """Whether there was a signal."""
        self.answered = False
        """Whether somebody was told that it was heard."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """The first of `SIGNALS` is noted, the next one ends the program at once.

        SIGHUP is not, where it is ignored already: that is what ``nohup`` is for.
        """

        def stop(number: int, frame: FrameType | None) -> None:
            if self.heard:
                raise KeyboardInterrupt
            self.heard = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heeded = [
            number
            for number in SIGNALS
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN
        ]
        before = {number: signal.signal(number, stop) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def answering(self, answer: Callable[[], None]) -> Iterator[None]:
        """Call `answer` as soon as a signal was heard: an iteration may be compiled for a minute.

        A thread does, as a handler that prints interrupts whoever is just printing, or compiling.
        """
        over = threading.Event()

        def watch() -> None:
            while not over.wait(ATTENTION):
                if self.heard:
                    self.answered = True
                    answer()
                    return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(timeout=1)  # what it prints may be stuck
