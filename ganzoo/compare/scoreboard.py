"""Tables of numbers, one a protocol: those of different protocols never meet in a column."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ganzoo.compare.spread import Spread, mean_of, plus_minus
from ganzoo.config import as_typed
from ganzoo.runs.evaluations import not_written_here

MISSING = "–"
"""What stands in a cell where there is no number."""
ARROWS = {"higher": " ↑", "lower": " ↓"}
"""Behind the name of a column: which way is better."""


@dataclass(frozen=True)
class Numbers:
    """What one run came to under one protocol."""

    run: str
    """Its directory."""
    protocol: str
    """How the numbers were obtained."""
    step: int
    """Of the training, at which they were."""
    values: Mapping[str, float]
    """By name."""
    better: Mapping[str, str] = field(default_factory=dict)
    """``"higher"`` or ``"lower"`` by name, where one of them is."""
    real: Mapping[str, float] = field(default_factory=dict)
    """What real data came to."""


@dataclass(frozen=True)
class Column:
    """A number that a table is about."""

    name: str
    better: str | None = None
    real: float | None = None
    """What real data came to under the table's protocol."""

    @property
    def header(self) -> str:
        """The name, and which way is better."""
        return self.name.replace("_", " ") + ARROWS.get(self.better or "", "")


@dataclass(frozen=True)
class Row:
    """Runs that differ in nothing but the seed."""

    label: str
    found: tuple[Numbers, ...]
    """Of those that have numbers under the table's protocol."""
    of: int
    """How many there are."""

    def spread(self, name: str) -> Spread | None:
        """Of one number, over the runs that have it."""
        values = tuple(one.values[name] for one in self.found if name in one.values)
        return Spread(values) if values else None

    @property
    def steps(self) -> str:
        """At which steps of the training, in words."""
        steps = sorted({one.step for one in self.found})
        return MISSING if not steps else "-".join(map(str, dict.fromkeys((steps[0], steps[-1]))))

    @property
    def runs(self) -> str:
        """How many runs, in words."""
        return (
            str(self.of) if len(self.found) in (0, self.of) else f"{len(self.found)} of {self.of}"
        )


@dataclass(frozen=True)
class Cell:
    """A text, and whether it is the best of its column."""

    text: str
    best: bool = False


@dataclass(frozen=True)
class Table:
    """All numbers of one protocol."""

    protocol: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def headers(self) -> list[str]:
        """Of the columns that `lines` have."""
        return ["run", "runs", "step", *(column.header for column in self.columns)]

    def lines(self, error: Callable[[Spread], float | None]) -> list[list[Cell]]:
        """The rows in words, and below them, where it is known, what real data came to.

        Args:
            error: what stands behind the ± of a number.
        """
        best = {column.name: self._best(column) for column in self.columns}
        lines = []
        for row in self.rows:
            cells = [Cell(row.label), Cell(row.runs), Cell(row.steps)]
            for column in self.columns:
                text = _shown(row, row.spread(column.name), error)
                cells.append(Cell(text, row in best[column.name]))
            lines.append(cells)
        if any(column.real is not None for column in self.columns):
            reals = [column.real for column in self.columns]
            texts = ["" if real is None else plus_minus(real, None) for real in reals]
            lines.append([Cell(text) for text in ("real data", "", "", *texts)])
        return lines

    def _best(self, column: Column) -> list[Row]:
        """The rows with the best mean, where there is something to be better than."""
        means = {}
        for number, row in enumerate(self.rows):
            spread = row.spread(column.name)
            if spread is not None and math.isfinite(spread.mean):
                means[number] = spread.mean
        if column.better not in ARROWS or len(set(means.values())) < 2:
            return []
        winner = (max if column.better == "higher" else min)(means.values())
        return [self.rows[number] for number, mean in means.items() if mean == winner]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, with the value of each run."""
        return {
            "protocol": self.protocol,
            "columns": [
                {"name": column.name, "better": column.better, "real": column.real}
                for column in self.columns
            ],
            "rows": [
                {
                    "label": row.label,
                    "runs": {one.run: {"step": one.step, **one.values} for one in row.found},
                    "of": row.of,
                    "scores": {
                        column.name: _summary(spread)
                        for column in self.columns
                        if (spread := row.spread(column.name)) is not None
                    },
                }
                for row in self.rows
            ],
        }


def setting_text(value: Any) -> str:
    """A setting as a table shows it: one or, of several seeds, all."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(as_typed, value))
    return as_typed(value) or MISSING


def tabulate(
    groups: Mapping[str, Sequence[Iterable[Numbers]]], *, all_rows: bool = True
) -> list[Table]:
    """A table for each protocol, in the order in which they appear.

    Args:
        groups: by label, what there is of each of its runs.
        all_rows: also those without a number under a protocol.
    """
    protocols = dict.fromkeys(
        one.protocol for runs in groups.values() for numbers in runs for one in numbers
    )
    tables = []
    for protocol in protocols:
        rows = []
        for label, runs in groups.items():
            found = tuple(one for numbers in runs for one in numbers if one.protocol == protocol)
            if found or all_rows:
                rows.append(Row(label, found, len(runs)))
        tables.append(Table(protocol, _columns(rows), tuple(rows)))
    return tables


def parse_evaluation(content: Any, where: str, run: str) -> Numbers:
    """What `ganzoo evaluate` has written as JSON.

    Args:
        content: the parsed JSON.
        where: it was found, for the message of an error.
        run: that it is of.

    Raises:
        GanzooError: it is something else.
    """
    try:
        scores = [score for score in content["scores"] if score["value"] is not None]
        return Numbers(
            run,
            _by_content(str(content["protocol"])),
            int(content["step"]),
            values={score["name"]: float(score["value"]) for score in scores},
            better={score["name"]: str(score["better"]) for score in scores},
            real={s["name"]: float(s["real"]) for s in scores if s.get("real") is not None},
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise not_written_here(where, run) from error


def _shown(row: Row, spread: Spread | None, error: Callable[[Spread], float | None]) -> str:
    """A mean, its error and, where not all runs of the row have the number, how many have."""
    if spread is None:
        return MISSING
    text = plus_minus(spread.mean, error(spread))
    n = len(spread.values)
    return text if n == len(row.found) else f"{text} ({n} of {len(row.found)})"


def _columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    everything = [one for row in rows for one in row.found]
    names = dict.fromkeys(name for one in everything for name in one.values)
    return tuple(
        Column(
            name,
            next((one.better[name] for one in everything if name in one.better), None),
            mean_of([one.real[name] for one in everything if name in one.real]),
        )
        for name in names
    )


def _summary(spread: Spread) -> dict[str, float | int | None]:
    return {
        "mean": spread.mean,
        "deviation": spread.deviation,
        "half_interval": spread.half_interval,
        "count": len(spread.values),
    }


def _by_content(protocol: str) -> str:
    """The same protocol without the name of data of the user's, which a digest tells by content.

    What was evaluated before and after a folder was renamed has one line by this.
    """
    data = re.search(r"; data (.+) (\S+, test split [0-9a-f]+; )", protocol)
    if data is None:
        return protocol
    return protocol.replace(data[0], f"; data {data[2]}").replace(f" of {data[1]} (", " of it (")
