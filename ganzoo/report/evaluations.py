"""What was measured of a run, as a table shows it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.compare.scoreboard import MISSING
from ganzoo.metrics.catalogue import installed_evaluators
from ganzoo.metrics.meaning import Found, in_words
from ganzoo.metrics.score import Score, ScoreKind, beside_rivals, shown
from ganzoo.runs import evaluations

NUMBERS = ("value", "real")
"""What is written of a score; null, where it is infinite or there is none."""


@dataclass(frozen=True)
class Evaluation:
    """What `ganzoo evaluate` found under one protocol, at the latest step."""

    step: int
    protocol: str
    headers: Sequence[str]
    """Of the columns: the score, its value, that of each rival, ..."""
    rows: Sequence[Sequence[str]]
    """As the headers say."""
    words: Sequence[str]
    """What they mean together."""


def latest_evaluations(run: Path) -> list[Evaluation]:
    """Of each protocol that of the latest step.

    Raises:
        GanzooError: one of them is damaged.
    """
    found = {one["protocol"]: one for one in evaluations.find(run)}
    meanings = _meanings() if found else {}
    try:
        return [_evaluation(one, meanings) for one in found.values()]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise evaluations.not_written_here(run / evaluations.FOLDER, run) from error


def _evaluation(record: Mapping[str, Any], meanings: Mapping[str, ScoreKind]) -> Evaluation:
    rows = beside_rivals(_score(one, meanings) for one in record["scores"])
    rivals = [*dict.fromkeys(rival for row in rows for rival in row.rivals)]

    texts = []
    for row in rows:
        score = row.score
        others = [one.value if one else None for one in map(row.rivals.get, rivals)]
        values = (_text(value, score.share) for value in (score.value, *others, score.real))
        texts.append((score.name, *values, score.better, score.meaning))
    headers = ("score", "value", *rivals, "real data", "better", "what it is")
    words = in_words(Found.of(record))
    return Evaluation(int(record["step"]), str(record["protocol"]), headers, texts, words)


def _text(value: float | None, share: bool) -> str:
    return MISSING if value is None or math.isnan(value) else shown(value, share)


def _score(found: Mapping[str, Any], meanings: Mapping[str, ScoreKind]) -> Score:
    """A score as it was written, with what its evaluator says of it, if that is installed.

    Of what JSON has no number for, the value is no number.
    """
    name = str(found["name"])
    kind = meanings.get(name) or meanings.get(name.partition("_")[2])  # of a translation
    value, real = (None if found.get(what) is None else float(found[what]) for what in NUMBERS)
    return Score(
        name,
        math.nan if value is None else value,
        str(found.get("better") or ""),
        real,
        kind.meaning if kind else "",
        kind is not None and kind.share,
        kind.rival if kind else "",
    )


def _meanings() -> dict[str, ScoreKind]:
    """What the installed evaluators say, by the name of a score."""
    return {kind.name: kind for known in installed_evaluators() for kind in known.evaluator.scores}
