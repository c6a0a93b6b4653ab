"""How far something is that takes long: on stderr, where that is a terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_SIZES = "COLUMNS", "LINES", "JUPYTER_COLUMNS", "JUPYTER_LINES"


def senseless_sizes() -> list[str]:
    """The environment's sizes of a terminal that none has, which are better not there.

    rich takes all that is made of digits: it fails at ² and at thousands of them, prints nothing on
    no column, and fills a billion with spaces.
    """
    said = ((name, os.environ.get(name)) for name in _SIZES)
    return [name for name, size in said if size and not re.fullmatch("0*[1-9][0-9]{0,3}", size)]


@cache
def stderr_console() -> Console:
    """The one on which all lines that change are drawn, so that one stands below the other."""
    from rich.console import Console

    senseless = senseless_sizes()  # perhaps of a program of others, whose environment stays
    sane = {name: value for name, value in os.environ.items() if name not in senseless}
    environ = sane if senseless else None
    return Console(stderr=True, highlight=False, markup=False, _environ=environ)


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
