"""Tables for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from ganzoo.artifacts.waiting import stderr_console
from ganzoo.cli import legible
from ganzoo.engine.modes.names import DEVICES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

WIDE = 240
"""Columns on a pipe: rows are not folded, for grep and the like."""

GAP = 2
"""Columns between those of a table."""

json_option = click.option("--json", "as_json", is_flag=True, help="print JSON")


def device_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--device``, of which `text` says what happens there."""
    kinds = click.Choice(DEVICES)
    return click.option("--device", type=kinds, default="auto", show_default=True, help=text)


def pixels_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--pixels``, of which `text` says which files are meant."""
    said = "with commas: gray, rgb or rgba; bits=12 of 16; huge (of any number of pixels)"
    return click.option("--pixels", metavar="WORDS", help=f"how {text} are read, {said}")


tile_option = click.option(
    "--tile",
    metavar="PIXELS",
    type=click.IntRange(min=0),
    help="a side of what is made at once of a large image: less takes less memory; 0: all  "
    "[default: 512]",
)
"""Of commands that take images of any size."""

checkpoint_option = click.option(
    "--checkpoint",
    metavar="WHICH",
    default="last",
    show_default=True,
    help="last, best (of a training with --evaluate-every) or a step",
)
"""Of every command that uses what a run has learned."""


class QuickCommand(click.Command):
    """A command that imports rich-click, which takes longer than the command, only for its help."""

    def get_help(self, ctx: click.Context) -> str:
        """The help as that of the other commands."""
        from rich_click import RichCommand, RichContext

        rich = RichCommand(name=self.name, params=self.params, help=self.help, epilog=self.epilog)
        return rich.get_help(RichContext(rich, info_name=ctx.info_name, parent=ctx.parent))


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Says on stderr what is being done, in one line that changes, where that is a terminal."""
    from rich.text import Text

    console = stderr_console()
    if not console.is_terminal:
        yield lambda message: None
        return
    with console.status("") as status:
        yield lambda message: status.update(Text(legible(message)))


@contextmanager
def saying() -> Iterator[Callable[[str], None]]:
    """The same of what may take minutes: elsewhere than on a terminal each thing is a line."""
    with status_line() as show:
        yield show if sys.stderr.isatty() else remark


def remark(message: str) -> None:
    """Say something on stderr, above a line that changes there.

    Not by click, which writes past what keeps the two apart.
    """
    if sys.stderr is not None:
        sys.stderr.write(f"{legible(message)}\n")
        sys.stderr.flush()


@contextmanager
def progress() -> Iterator[Callable[[str, str], None]]:
    """Says on stderr what is done, and what is new in it: on a terminal in one line that changes.

    Elsewhere it is a line whenever something else is done.
    """
    said = None

    def say(what: str, news: str) -> None:
        nonlocal said
        show(f"{what}  {news}")
        if what != said and not sys.stderr.isatty():
            click.echo(what, err=True)
        said = what

    with status_line() as show:
        yield say


def make_console(file: IO[str] | None = None) -> "Console":
    """A console on stdout, or on what stands for it, which knows whether that is a terminal."""
    from ganzoo.cli.console import LegibleConsole

    return LegibleConsole(
        file=file,
        width=None if sys.stdout.isatty() else WIDE,
        highlight=False,
        emoji=False,
        markup=False,
    )


def make_table(*headers: str) -> "Table":
    """A table with a line under its headers, without other lines."""
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="bold",
    )
    for index, header in enumerate(headers):
        first = index == 0  # a name, to be copied
        table.add_column(header, style="cyan" if first else None, no_wrap=first, overflow="fold")
    return table


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, indent=2))


def print_rows(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], least: Sequence[str] = ()
) -> None:
    """Print some keys of some rows as a table, and below it what is wrong with any of them.

    The version stands behind the plugin that it belongs to.

    Args:
        rows: what is known of each.
        columns: the keys that are shown.
        least: those of them that are shown where a line has no room for all, and of which the last
            is cut short; none: lines are broken there.
    """
    console = make_console()
    table = _table_of(rows, columns)
    endless = console.options.update(width=sys.maxsize)
    narrow = least and console.measure(table, options=endless).maximum > console.width
    if narrow:
        table = _table_of(rows, least)
        *kept, last = table.columns
        for name, column in zip(least, kept, strict=False):
            column.width = max(len(name), *(_cell(name, row).cell_len for row in rows))
        taken = sum((column.width or 0) + GAP for column in kept)
        last.width, last.no_wrap, last.overflow = console.width - taken, True, "ellipsis"
    console.print(table)
    if narrow:
        left = ", ".join(column for column in columns if column not in least)
        console.print(f"--json, a pipe or a wider terminal also show {left}", soft_wrap=True)
    for row in rows:
        if row.get("error"):
            console.print()
            console.print(_problem(row), soft_wrap=not console.is_terminal)


def _table_of(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> "Table":
    table = make_table(*columns)
    for row in rows:
        table.add_row(*(_cell(column, row) for column in columns))
    return table


def _cell(column: str, row: dict[str, Any]) -> "Text":
    from rich.text import Text

    value = row[column]
    if column == "plugin":
        return Text(legible(f"{value} {row['version']}"))
    if column == "status":
        return Text(value, style="green" if value == "ok" else _style(row))
    return Text("" if value is None else legible(str(value)))


def _problem(row: dict[str, Any]) -> "Text":
    from rich.text import Text

    where = f"{row['name']} ({row['plugin']} {row['version']}): "
    return Text.assemble((where, "bold"), (legible(row["error"]), _style(row)))


def _style(row: dict[str, Any]) -> str:
    return "dim" if row["status"] == "disabled" else "red"
