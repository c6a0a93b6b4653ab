"""A classifier is being taught: what is said of it, and what it takes without teaching it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ganzoo.artifacts.waiting import bar
from ganzoo.errors import lasting

TIMED = 5
"""Steps by which it is known how long all take; the first takes longer, and does not count."""
QUIET = 20.0
"""Seconds, after which one that waits hears again how far it is, where there is no bar."""
_REHEARSED: ContextVar[list[float] | None] = ContextVar("rehearsed", default=None)


@contextmanager
def rehearsing() -> Iterator[list[float]]:
    """A block in which no classifier is taught or kept, and those that would be know nothing.

    Yields:
        The seconds that each of them would take.
    """
    token = _REHEARSED.set([])
    try:
        found = _REHEARSED.get()
        assert found is not None
        yield found
    finally:
        _REHEARSED.reset(token)


def is_rehearsed() -> bool:
    """Whether what is taught now is to be thrown away."""
    return _REHEARSED.get() is not None


@contextmanager
def told(
    what: str, name: str, steps: int, report: Callable[[str], None]
) -> Iterator[Callable[[], bool]]:
    """Say once what is done and for how long, and then show how far it is.

    Args:
        what: such as ``"training a classifier of 10 classes on 350 images"``.
        name: of these.
        steps: there are of it.
        report: is told.

    Yields:
        Is called after each step, and says whether to stop there, as in a rehearsal.

    Raises:
        KeyboardInterrupt: it was stopped, with a sentence of what that means.
    """
    done, begun = 0, time.monotonic()
    heard = begun
    rehearsed = _REHEARSED.get()

    def step() -> bool:
        nonlocal done, begun, heard
        done, now = done + 1, time.monotonic()
        advance(1)
        if done == 1:
            begun = now
        elif done == min(1 + TIMED, steps):
            seconds = (now - begun) / (done - 1) * steps
            if rehearsed is not None:
                rehearsed.append(seconds)
                return True
            report(f"{what} of '{name}', about {lasting(seconds)}; it is kept")
            heard = now
        elif done > TIMED and now - heard > QUIET and not sys.stderr.isatty():
            report(f"{what} of '{name}': {100 * done / steps:.0f} %")
            heard = now
        return False

    with bar(what, steps) as advance:
        try:
            yield step
        except KeyboardInterrupt as stopped:
            raise KeyboardInterrupt(
                f"{what} of '{name}' had come to {100 * done / steps:.0f} %, of which nothing is "
                "kept: it begins anew the next time"
            ) from stopped
