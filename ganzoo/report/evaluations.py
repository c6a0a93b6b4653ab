"""What was measured of a run, as a table shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.compare.scoreboard import MISSING
from ganzoo.metrics.catalogue import installed_evaluators
from ganzoo.metrics.score import ScoreKind, shown
from ganzoo.runs import evaluations


@dataclass(frozen=True)
class Evaluation:
    """What `ganzoo evaluate` found under one protocol, at the latest step."""

    step: int
    protocol: str
    rows: Sequence[Sequence[str]]
    """Name, value, that of real data, which is better, and what it is."""


def latest_evaluations(run: Path) -> list[Evaluation]:
    """Of each protocol that of the latest step."""
    found = {one["protocol"]: one for one in evaluations.find(run)}
    meanings = _meanings() if found else {}
    return [_evaluation(one, meanings) for one in found.values()]


def _evaluation(record: Mapping[str, Any], meanings: Mapping[str, ScoreKind]) -> Evaluation:
    rows = []
    for score in record["scores"]:
        name = str(score["name"])
        kind = meanings.get(name) or meanings.get(name.partition("_")[2])  # of a translation
        share = kind is not None and kind.share
        texts = (
            MISSING if score.get(what) is None else shown(float(score[what]), share)
            for what in ("value", "real")
        )
        rows.append((name, *texts, str(score.get("better") or ""), kind.meaning if kind else ""))
    return Evaluation(int(record["step"]), str(record["protocol"]), rows)


def _meanings() -> dict[str, ScoreKind]:
    """What the installed evaluators say, by the name of a score."""
    return {kind.name: kind for known in installed_evaluators() for kind in known.evaluator.scores}
