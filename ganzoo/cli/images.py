"""What commands that are given images say while they work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ganzoo.cli import legible
from ganzoo.cli.owners import with_owners
from ganzoo.errors import counted


@contextmanager
def bar(doing: str, total: int) -> Iterator[Callable[[float], None]]:
    """Shows on stderr, where that is a terminal, how far something is: is told of what is done."""
    from rich.console import Console
    from rich.progress import Progress

    hidden = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(task, count)


def status_of(done: int, asked: int) -> int:
    """The exit status of a command that has done some of what was asked: 1, where not all.

    That is said last, where it is seen below the names of those that were skipped.
    """
    if done == asked:
        return 0
    warn(f"{asked - done:,} of {counted(asked, 'file')} could not be read")
    return 1


def warn(message: str) -> None:
    """Say something on stderr, in the words of the command that is called."""
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name is not None and "--" in message:
        message = with_owners(message, context.info_name.removeprefix("ganzoo "))
    click.echo(legible(message), err=True)
