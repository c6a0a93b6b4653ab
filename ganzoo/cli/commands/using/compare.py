"""``ganzoo compare``: what distinguishes some runs, and which of them is better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import legible
from ganzoo.cli.flags import RUN
from ganzoo.cli.output import QuickCommand, json_option, make_console, make_table, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table as RichTable

    from ganzoo.compare.ranking import Ranking
    from ganzoo.compare.runs import Comparison
    from ganzoo.compare.scoreboard import Cell, Table

MEASURED = 10_000
"""Characters, in which any table is as wide as it would be."""


@click.command("compare", cls=QuickCommand, epilog="Example: ganzoo compare runs/*")
@click.argument("runs", metavar="RUN RUN...", type=RUN, nargs=-1)
@click.option(
    "--by", metavar="SCORE", help="what they are ranked by  [default: the first that most have]"
)
@json_option
def command(runs: tuple[Path, ...], by: str | None, as_json: bool) -> None:
    """Show in which settings RUNs differ, what their evaluations say, and which is best.

    RUN may be a folder of runs, such as that of a sweep. Runs that differ in nothing but the seed
    are one row: mean ± standard deviation. Numbers of different protocols are in tables of their
    own. The best value of a column is bold. The last lines say which is best by one score, whether
    that is more than the seeds make, and which other scores agree.
    """
    from ganzoo.compare.ranking import rank
    from ganzoo.compare.runs import compare

    comparison = compare(runs)
    ranking = rank(comparison, by)
    if as_json:
        print_json(comparison.to_dict() | {"ranking": ranking and ranking.to_dict()})
        return
    _print(comparison)
    if ranking is not None:
        console = make_console()
        console.print()
        print_ranking(console, ranking)


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
    """Print the numbers of one protocol, the best of each score bold, below its name.

    A run is a row, or a column, where the screen is not wide enough for all scores.

    Args:
        console: where.
        table: which.
        error: which of `ganzoo.compare.spread.ERRORS` stands behind a ±.
    """
    from ganzoo.compare.scoreboard import Cell
    from ganzoo.compare.spread import ERRORS

    console.print(table.protocol, soft_wrap=True, style="dim")
    headers = [Cell(header) for header in table.headers]
    rows = [headers, *table.lines(lambda spread: getattr(spread, error))]
    told = any("±" in cell.text for row in rows for cell in row)
    drawn = _drawn(rows)
    unbounded = console.options.update(width=MEASURED)
    if console.measure(drawn, options=unbounded).maximum > console.width:
        drawn = _drawn([*zip(*rows, strict=True)])
    console.print(drawn)
    if told:
        console.print(ERRORS[error], style="dim", soft_wrap=True)


def _drawn(rows: Sequence[Sequence[Cell]]) -> RichTable:
    """A table of cells, the first row of which are its headers."""
    from rich.text import Text

    headers, *others = rows
    drawn = make_table(*(cell.text for cell in headers))
    for row in others:
        drawn.add_row(*(Text(cell.text, style="bold" if cell.best else "") for cell in row))
    return drawn


def print_ranking(console: Console, ranking: Ranking) -> None:
    """Print the settings, the best first, how that was decided, and the result in a line."""
    from rich.text import Text

    from ganzoo.compare.scoreboard import ARROWS

    table = make_table(
        "setting", f"{ranking.score}{ARROWS[ranking.better]}", "runs", "beside the best"
    )
    for row in ranking.rows:
        n = len(row.spread.values)
        runs = str(n) if n == row.of else f"{n} of {row.of}"
        table.add_row(legible(row.name), row.value, runs, row.verdict)
    console.print(table)
    if ranking.has_errors:
        console.print(legible(ranking.method), style="dim", soft_wrap=True)
    console.print(Text(legible(ranking.words), style="bold green"), soft_wrap=True)
    for reason in ranking.reasons:
        console.print(Text(legible(reason)), soft_wrap=True)
