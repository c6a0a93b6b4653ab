"""What commands that are given images have in common: what they ask for, and say as they work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from ganzoo.cli import legible
from ganzoo.cli.owners import with_owners
from ganzoo.errors import GanzooError, counted


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


def controls_option(more: str) -> Callable[[Any], Any]:
    """``--set``, more than once; `more` is said of what it does to a network."""
    return click.option(
        "--set",
        "controls",
        metavar="NAME=VALUE",
        multiple=True,
        help="what a translation should be like, where the variant can be told; may be repeated"
        + more,
    )


def parsed(texts: Iterable[str]) -> dict[str, object]:
    """What each ``--set NAME=VALUE`` asks for.

    Raises:
        GanzooError: it is of another form, or says the same twice.
    """
    asked: dict[str, object] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise GanzooError(f"--set takes NAME=VALUE, and '{text}' has no '='")
        if name in asked:
            raise GanzooError(f"--set says twice what {name} is: say it once")
        asked[name] = value
    return asked
