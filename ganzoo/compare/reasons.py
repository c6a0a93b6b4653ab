"""Why one setting comes before the others: what agrees with it, and what else may be the cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ganzoo.compare.runs import Comparison
from ganzoo.compare.scoreboard import ARROWS, Column, Table
from ganzoo.errors import counted


def reasons(found: Comparison, table: Table, by: Column, order: Sequence[str]) -> Iterator[str]:
    """In sentences, what speaks for an order of settings and against it.

    Args:
        found: all that was compared.
        table: of the score by which they are ordered.
        by: that score.
        order: the labels of the settings, the best first.
    """
    if len(order) < 2:
        return
    others = [column for column in table.columns if column.better in ARROWS and column != by]
    if others:
        yield _agreement(table, others, order)
    causes = _lengths(table, order), _data(found)
    told = [cause for cause in causes if cause]
    if told:
        yield f"{' and '.join(told)}, which alone may be the cause of this order"


def _agreement(table: Table, others: Sequence[Column], order: Sequence[str]) -> str:
    """Which other scores have the first before all others, or with them, and which have not."""
    against, equal = [], []
    for column in others:
        sign = 1 if column.better == "higher" else -1
        means = {
            row.label: spread.mean for row in table.rows if (spread := row.spread(column.name))
        }
        first = means.get(order[0])
        rest = [sign * mean for label, mean in means.items() if label != order[0]]
        if first is None or not rest or sign * first == max(rest):
            equal.append(column.name)
        elif not sign * first > max(rest):
            against.append(column.name)
    agree = len(others) - len(against) - len(equal)
    if agree == len(others):
        if agree == 1:
            return "the other score agrees that it is the first"
        return f"all {agree} other scores agree that it is the first"
    if not agree and not against:
        return f"no other score tells them apart ({', '.join(equal)})"
    parts = [f"by {agree or 'none'} of {counted(len(others), 'other score')} it is the first, too"]
    if against:
        parts.append(f"by {', '.join(against)} another is")
    if equal:
        parts.append(f"by {', '.join(equal)} none is")
    return "; ".join(parts)


def _lengths(table: Table, order: Sequence[str]) -> str:
    steps = {row.steps for row in table.rows if row.label in order}
    return "they were measured after different numbers of steps" if len(steps) > 1 else ""


def _data(found: Comparison) -> str:
    differing = any(name == "data" or name.startswith("data ") for name in found.differences)
    return "they were trained on different data" if differing else ""
