"""Which of some settings is best by a score, and whether chance alone may have decided it.

Intervals are Student's t over the seeds of a setting. Two means differ beyond noise where Welch's
interval of their difference (Welch 1947) leaves out zero; as each setting is held against the best,
the confidence of all these comparisons together is `CONFIDENCE` (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.compare.reasons import reasons
from ganzoo.compare.runs import SEED, Comparison, Group
from ganzoo.compare.scoreboard import ARROWS, Column, Table, setting_text
from ganzoo.compare.spread import CONFIDENCE, ERRORS, Spread, plus_minus, student_quantile
from ganzoo.errors import unknown

BEST, EQUAL, WORSE, NOISE = "best", "equal", "worse", "within noise"
UNKNOWN = "too few runs to tell"
AHEAD = "first, perhaps by chance"
"""What is said of the first, where nothing is known to be worse beyond noise."""
TOO_FEW = "behind, of too few runs to tell it from noise (sweep with --seeds 3)"
ALONE = "nothing to compare"
"""What is said of a setting: the last where one run cannot tell what the seed does."""
TOLD = 4
"""Settings, at most, by which one is told from the others; beyond, it is by its runs."""


@dataclass(frozen=True)
class Ranked:
    """One setting."""

    runs: str
    """Its runs' paths, as a shell would expand it."""
    paths: Sequence[Path]
    """The same, each."""
    setting: str
    """In what it differs from the others, as flags: ``"--lr 0.001"``; empty, where in too much."""
    spread: Spread
    of: int
    """Runs that there are, with a score or without."""
    verdict: str

    @property
    def name(self) -> str:
        """By which it is called."""
        return self.setting or self.runs

    @property
    def value(self) -> str:
        """Mean ± interval; and of how many runs, where that is not all."""
        text = plus_minus(self.spread.mean, self.spread.half_interval)
        n = len(self.spread.values)
        return text if n == self.of else f"{text} of {n} of {self.of} runs"


@dataclass(frozen=True)
class Ranking:
    """Settings by one score, the best first."""

    score: str
    better: str
    """``"higher"`` or ``"lower"``."""
    protocol: str
    rows: Sequence[Ranked]
    without: Sequence[str]
    """The names of settings that have no such score."""
    reasons: Sequence[str]
    """What speaks for this order and against it, in sentences."""

    @property
    def has_errors(self) -> bool:
        """Whether there is a ±, which `method` explains."""
        return any(row.spread.half_interval is not None for row in self.rows)

    @property
    def method(self) -> str:
        """How intervals and verdicts come about."""
        return (
            f"{ERRORS['half_interval']}; beyond noise is a difference from the best by Welch's t, "
            "for all together (Bonferroni)"
        )

    @property
    def words(self) -> str:
        """What it comes to, in a line."""
        best, *others = self.rows
        line = f"best by {self.score}: {best.name}, {best.value}"
        if best.verdict == AHEAD:
            if any(row.verdict == NOISE for row in others):
                return self._undecided
            line = f"first by {self.score}, perhaps by chance: {best.name}, {best.value}"
        if not others:
            line = f"{self.score} of {best.name}: {best.value}, with {ALONE}"
        for verdict, words in (
            (EQUAL, "just as good"),
            (WORSE, "worse beyond noise"),
            (NOISE, "within noise of it"),
            (UNKNOWN, TOO_FEW),
        ):
            line += _listed(words, [row for row in others if row.verdict == verdict])
        return line + self._left_out

    @property
    def _undecided(self) -> str:
        """What it comes to where no setting is better than all others."""
        alike = [row for row in self.rows if row.verdict != UNKNOWN]
        seeds = 2 * max(len(row.spread.values) for row in alike)
        line = (
            f"{self.score} cannot tell apart "
            f"{' and '.join(f'{row.name} ({row.value})' for row in alike)}: other seeds alone make "
            f"such differences, and more of them would tell (sweep with --seeds {seeds})"
        )
        unknown = [row for row in self.rows if row.verdict == UNKNOWN]
        return line + _listed(TOO_FEW, unknown) + self._left_out

    @property
    def _left_out(self) -> str:
        if not self.without:
            return ""
        return f"; without this score by this protocol: {', '.join(self.without)}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "score": self.score,
            "better": self.better,
            "protocol": self.protocol,
            "method": self.method,
            "words": self.words,
            "reasons": [*self.reasons],
            "without": [*self.without],
            "rows": [
                {
                    "runs": row.runs,
                    "setting": row.setting,
                    "mean": row.spread.mean,
                    "half_interval": row.spread.half_interval,
                    "values": [*row.spread.values],
                    "of": row.of,
                    "verdict": row.verdict,
                }
                for row in self.rows
            ],
        }


def rank(found: Comparison, by: str | None = None) -> Ranking | None:
    """Rank what was compared.

    Args:
        found: see `ganzoo.compare.runs.compare`.
        by: the name of a score; None: the first of those that most settings have, but for one by
            which several are equally the best.

    Returns:
        None, where nothing is known that can be better or worse.

    Raises:
        GanzooError: there is no such score.
    """
    scores = [
        (table, column)
        for table in found.tables
        for column in table.columns
        if column.better in ARROWS and (by is None or column.name in (by, f"quality/{by}"))
    ]
    if not scores:
        if by is None:
            return None
        columns = [column for table in found.tables for column in table.columns]
        raise unknown("score", by, {one.name for one in columns if one.better in ARROWS})
    table, column = max(scores, key=lambda one: (_known(*one), not _tied(*one)))
    names = _names(found)
    sign = 1 if column.better == "lower" else -1
    spreads = {row.label: (row.spread(column.name), row.of) for row in table.rows}
    known = sorted(
        (
            (label, spread, of)
            for label, (spread, of) in spreads.items()
            if spread is not None and math.isfinite(spread.mean)
        ),
        key=lambda one: sign * one[1].mean,
    )
    if not known:
        return None
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(known) - 1)
    verdicts = [_verdict(known[0][1], spread, confidence) for _, spread, _ in known[1:]]
    verdicts.insert(0, _of_first(verdicts))
    paths = {group.label: [one.path for one in group.members] for group in found.groups}
    rows = [
        Ranked(label, paths[label], names[label], spread, of, verdict)
        for (label, spread, of), verdict in zip(known, verdicts, strict=True)
    ]
    ranked = {label for label, _, _ in known}
    without = [names[g.label] or g.label for g in found.groups if g.label not in ranked]
    assert column.better is not None
    why = [*reasons(found, table, column, [label for label, _, _ in known])]
    return Ranking(column.name, column.better, table.protocol, rows, without, why)


def _known(table: Table, column: Column) -> int:
    """How many settings have a score."""
    return len(_means(table, column))


def _tied(table: Table, column: Column) -> bool:
    """Whether several settings are equally the best."""
    means = sorted(_means(table, column), reverse=column.better == "higher")
    return len(means) > 1 and means[0] == means[1]


def _means(table: Table, column: Column) -> list[float]:
    found = [row.spread(column.name) for row in table.rows]
    return [spread.mean for spread in found if spread is not None]


def _listed(words: str, rows: Sequence[Ranked]) -> str:
    """The end of a line that says the same of some settings."""
    told = [f"{row.name} ({row.value})" for row in rows]
    return f"; {words}: {', '.join(told)}" if told else ""


def _of_first(others: Sequence[str]) -> str:
    """What is said of the first setting, by what is said of those behind it."""
    if not others:
        return ALONE
    undecided = NOISE in others or UNKNOWN in others
    return AHEAD if undecided and WORSE not in others else BEST


def _verdict(best: Spread, other: Spread, confidence: float) -> str:
    if other.mean == best.mean:
        return EQUAL
    half = difference_half_interval(best, other, confidence)
    if half is None:
        return UNKNOWN
    return WORSE if abs(best.mean - other.mean) > half else NOISE


def difference_half_interval(one: Spread, other: Spread, confidence: float) -> float | None:
    """The interval of a difference of two means is so much to either side; None: of a single value.

    Welch's, whose degrees of freedom are rounded down.
    """
    if one.deviation is None or other.deviation is None:
        return None
    n, m = len(one.values), len(other.values)
    a, b = one.deviation**2 / n, other.deviation**2 / m
    if a + b == 0:
        return 0.0
    freedom = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    return student_quantile(max(1, math.floor(freedom)), confidence) * math.sqrt(a + b)


def _names(found: Comparison) -> dict[str, str]:
    """By the label of a group, in what it differs from the others, as flags."""
    told = {
        name: values
        for name, values in found.differences.items()
        if (name.startswith("--") and name != SEED) or name in ("variant", "data")
    }
    if len(told) > TOLD or not told:
        return {group.label: "" for group in found.groups}
    return {group.label: _flags(group, [*told]) for group in found.groups}


def _flags(group: Group, names: Sequence[str]) -> str:
    parts = []
    for name in names:
        value = group.setting(name)
        if isinstance(value, bool):
            parts.append(name if value else name.replace("--", "--no-", 1))
        elif name.startswith("--"):
            parts.append(f"{name} {setting_text(value)}")
        else:
            parts.append(setting_text(value) if name == "variant" else f"--dataset {value}")
    return " ".join(parts)
