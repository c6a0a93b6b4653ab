"""How a sweep looks: a table that changes on a terminal, lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ganzoo.cli import legible
from ganzoo.cli.outlet import Outlet
from ganzoo.cli.output import make_console, make_table
from ganzoo.errors import counted
from ganzoo.sweeps.go import (
    CUT_SHORT,
    EVALUATING,
    FINISHED,
    TRAINED,
    TRAINING,
    UNDONE,
    WAITING,
    Row,
    Watch,
)
from ganzoo.training.watching.remaining import duration

QUIET = 60.0
"""Seconds between two lines that say how far all is."""
SPARE = 8
"""Lines of a terminal that the table leaves."""
STYLES = {WAITING: "dim", TRAINING: "cyan", TRAINED: "cyan", EVALUATING: "cyan", FINISHED: "green"}


@contextmanager
def watching() -> Iterator[SweepDisplay]:
    """What suits stdout, for as long as the block lasts."""
    console = make_console(cast("IO[str]", Outlet(sys.stdout)))
    if not console.is_terminal:
        yield SweepDisplay(console)
        return
    display = LiveTable(console)
    shown = Live(
        console=console, get_renderable=display.render, refresh_per_second=4, transient=True
    )
    with shown:  # and what is left at the end is printed then
        yield display


class SweepDisplay(Watch):
    """A line whenever a run begins or ends, and now and then one that says how far all is."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._begun = self._said = time.monotonic()
        self._before: int | None = None
        self._left = ""

    @property
    def gone(self) -> bool:  # type: ignore[override]
        """Whether the pipe or the terminal is closed that it was shown on."""
        return bool(getattr(self.console.file, "gone", False))

    def changed(self, row: Row) -> None:
        self.console.print(legible(_line(row)), soft_wrap=True)

    def look(self, rows: Sequence[Row]) -> None:
        self._left = self._remaining(rows)
        if time.monotonic() - self._said >= QUIET:
            self._said = time.monotonic()
            self.console.print(legible(self.told(rows)), soft_wrap=True)

    def told(self, rows: Sequence[Row]) -> str:
        """How far all is, in a line."""
        done = sum(row.state not in (*UNDONE, CUT_SHORT) for row in rows)
        busy = [f"{row.trial.name} {_far(row)}" for row in rows if row.handle is not None]
        return ", ".join([f"{done} of {len(rows)} runs done", *busy, *filter(None, [self._left])])

    def _remaining(self, rows: Sequence[Row]) -> str:
        """The time that is left, by how many steps were made since this began."""
        lengths = [row.steps for row in rows if row.steps]
        if not lengths:
            return ""
        usual = sum(lengths) / len(lengths)
        made = sum(row.step for row in rows)
        if self._before is None:
            self._before = made
        left = sum(
            max(0, (row.steps or usual) - row.step)
            for row in rows
            if row.state in (WAITING, TRAINING)
        )
        speed = (made - self._before) / max(1e-3, time.monotonic() - self._begun)
        judged = any(row.state in (TRAINED, EVALUATING) for row in rows)
        count = sum(row.state in UNDONE for row in rows) if judged else 0
        times = [duration(left / speed)] if left and speed > 0 else []
        told = " and ".join([*times, *([counted(count, "evaluation")] if count else [])])
        return f"{told} left" if told else ""


class LiveTable(SweepDisplay):
    """A row a run; those that are busy, or went wrong, if there is no room for all."""

    _rows: Sequence[Row] = ()

    def changed(self, row: Row) -> None:
        """Nothing: the table shows it."""

    def look(self, rows: Sequence[Row]) -> None:
        self._rows, self._left = rows, self._remaining(rows)

    def render(self) -> RenderableType:
        """What stands on the screen now."""
        room = max(1, self.console.height - SPARE)
        rows = self._rows
        if len(rows) > room:
            rows = sorted(rows, key=lambda row: (row.handle is None, not row.error))[:room]
        told = self.told(self._rows).partition(",")[0]
        last = Text(f"{told}  {self._left}", style="bold")
        return Group("", rows_table(rows), "", last) if rows else last


def rows_table(rows: Sequence[Row]) -> Table:
    """The runs, how each is, and what is wrong with it."""
    errors = any(row.error for row in rows)
    table = make_table("run", "state", "step", *(["what is wrong"] if errors else []))
    for row in rows:
        style = STYLES.get(row.state, "yellow" if row.state == CUT_SHORT else "red")
        cells = [Text(row.trial.name), Text(row.state, style=style), Text(_steps(row))]
        table.add_row(*cells, *([Text(legible(row.error))] if errors else []))
    return table


def _line(row: Row) -> str:
    if row.state == TRAINING:
        onward = f", going on from step {row.step:,}" if row.step else ""
        return f"{row.trial.name}: training{onward}"
    if row.state == EVALUATING:
        return f"{row.trial.name}: {EVALUATING}"
    return f"{row.trial.name}: {row.state} at step {row.step:,}" + (
        f": {row.error}" if row.error else ""
    )


def _far(row: Row) -> str:
    return EVALUATING if row.state == EVALUATING else f"at step {_steps(row)}"


def _steps(row: Row) -> str:
    return f"{row.step:,}/{row.steps:,}" if row.steps else f"{row.step:,}"
