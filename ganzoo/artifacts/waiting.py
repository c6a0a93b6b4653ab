"""How far something is that takes long: on stderr, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def stderr_console() -> Console:
    """The one on which all lines that change are drawn, so that one stands below the other."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


@contextmanager
def bar(doing: str, total: int) -> Iterator[Callable[[float], None]]:
    """Shows on a terminal, or in a notebook, how far something is, and for how long it goes on.

    Args:
        doing: what is done, which says nothing of a user's files.
        total: how much there is of it.

    Yields:
        Is told of what is done.
    """
    from rich.progress import Progress

    console = stderr_console()
    hidden = not (sys.stderr.isatty() or console.is_jupyter)
    with Progress(console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(task, count)
