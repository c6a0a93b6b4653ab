"""Whether what is best lies at the edge of what was tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real

from ganzoo.compare.ranking import Ranking
from ganzoo.sweeps.go import Row
from ganzoo.sweeps.space import spelled, value_text


def at_edges(rows: Sequence[Row], ranking: Ranking) -> Iterator[str]:
    """A sentence for each number that is varied whose best value has others on one side only."""
    settings = {row.trial.path: row.trial.setting for row in rows}
    ranked = [settings[path] for one in ranking.rows for path in one.paths if path in settings]
    best = next((settings[path] for path in ranking.rows[0].paths if path in settings), {})
    for name, value in best.items():
        tried = {one[name] for one in ranked if _is_number(one[name])}
        if len(tried) < 2 or value not in (min(tried), max(tried)):
            continue
        which, beyond = ("largest", "larger") if value == max(tried) else ("smallest", "smaller")
        yield (
            f"--{spelled(name)} {value_text(value)} is the {which} that was tried: {beyond} ones "
            "may be better still"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
