"""``ganzoo compare``: what distinguishes some runs, and which of them is better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.output import QuickCommand, json_option, make_console, make_table, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from ganzoo.compare.runs import Comparison
    from ganzoo.compare.scoreboard import Table


@click.command("compare", cls=QuickCommand, epilog="Example: ganzoo compare runs/*")
@click.argument("runs", metavar="RUN RUN...", type=click.Path(path_type=Path), nargs=-1)
@json_option
def command(runs: tuple[Path, ...], as_json: bool) -> None:
    """Show in which settings RUNs differ, and what their evaluations say.

    Runs that differ in nothing but the seed are one row: mean ± standard deviation. Numbers of
    different protocols are in tables of their own. The best value of a column is bold.
    """
    from ganzoo.compare.runs import compare

    comparison = compare(runs)
    if as_json:
        print_json(comparison.to_dict())
    else:
        _print(comparison)


def _print(comparison: Comparison) -> None:
    from ganzoo.compare.scoreboard import setting_text

    console = make_console()
    differences = make_table("setting", *(group.label for group in comparison.groups))
    for name, values in comparison.differences.items():
        differences.add_row(name, *map(setting_text, values))
    if comparison.differences:
        console.print(differences)
    else:
        console.print("the runs differ in nothing but the seed", soft_wrap=True)
    for table in comparison.tables:
        console.print()
        print_scores(console, table)
    for remark in comparison.remarks:
        console.print()
        console.print(remark, soft_wrap=True)


def print_scores(console: Console, table: Table, error: str = "deviation") -> None:
    """Print the numbers of one protocol, the best of each column bold, below its name.

    Args:
        console: where.
        table: which.
        error: which property of `ganzoo.compare.spread.Spread` stands behind a ±.
    """
    from rich.text import Text

    console.print(table.protocol, soft_wrap=True, style="dim")
    drawn = make_table(*table.headers)
    for line in table.lines(lambda spread: getattr(spread, error)):
        drawn.add_row(*(Text(cell.text, style="bold" if cell.best else "") for cell in line))
    console.print(drawn)
