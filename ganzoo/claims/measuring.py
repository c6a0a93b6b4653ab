"""The number of one training that a claim is about."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from ganzoo.artifacts.files import read_note, sha256, write_json
from ganzoo.claims.claim import (
    HIGHEST,
    LAST,
    LOWEST,
    MEAN,
    Arm,
    Evaluated,
    Logged,
    Measure,
    RankCorrelation,
    digest,
)
from ganzoo.claims.training import LostTraining, Place, evaluated
from ganzoo.errors import GanzooError, unknown
from ganzoo.runs.run import Run

Records = Sequence[Mapping[str, float]]
TAKEN: dict[str, Callable[[Sequence[float]], float]] = {
    LAST: lambda values: values[-1],
    MEAN: fmean,
    LOWEST: min,
    HIGHEST: max,
}
"""How each of `ganzoo.claims.claim.TAKES` is taken."""


@dataclass(frozen=True)
class Number:
    """What was measured of one training."""

    value: float
    real: float | None
    """What real data come to in the samples' place, where that was measured."""
    protocol: str
    """How; numbers of different protocols cannot be compared."""


def measured(place: Place, arm: Arm, path: Path, measure: Measure) -> Number:
    """The number of a run or of samples: now, or when the same was asked before.

    Raises:
        LostTraining: it is not finite.
        GanzooError: it cannot be measured.
    """
    if isinstance(measure, Evaluated):
        return _evaluated(place, arm, path, measure)
    records = Run.open(path).metrics()
    where = f"{path / 'metrics.jsonl'}"
    if isinstance(measure, Logged):
        return Number(logged(records, measure, where), None, _said(measure))
    value, points = rank_correlation(records, measure, where)
    return Number(value, None, f"{_said(measure)}, over {points} points of a training")


def _evaluated(place: Place, arm: Arm, path: Path, measure: Evaluated) -> Number:
    state = "" if path.is_dir() else sha256(path)
    if path.is_dir():
        from ganzoo.runs import checkpoint  # imports torch

        with suppress(GanzooError):  # which is said when it is measured
            measured_at = Run.open(path).checkpoint_at(measure.checkpoint)
            state = checkpoint.digest(measured_at, checkpoint.WEIGHTS)
    asked = {"flags": [*measure.flags, *place.flags(arm)], "state": state}
    kept = place.notes / f"{path.name}.{digest(asdict(measure))}.json"
    record: dict[str, Any] = {}
    with suppress(OSError, ValueError):  # it is damaged, or not there
        record = dict(json.loads(read_note(kept)))
    if record.get("asked") != asked:
        found = evaluated(place, arm, path, measure.flags)
        record = {"asked": asked, "found": found}
        write_json(kept, record)
    scores = {score["name"]: score for score in record["found"]["scores"]}
    if measure.score not in scores:
        raise unknown("score", measure.score, scores)
    score = scores[measure.score]
    if score["value"] is None:
        raise LostTraining(f"{measure.score} of {path} is not finite")
    return Number(score["value"], score.get("real"), record["found"]["protocol"])


def logged(records: Records, measure: Logged, where: str) -> float:
    """What is taken of a value that a training has logged.

    Args:
        records: of ``metrics.jsonl``.
        measure: which value, and what of it.
        where: the file, for the user.

    Raises:
        LostTraining: it is not finite.
        GanzooError: it was not logged.
    """
    values = [
        record[measure.key]
        for record in records
        if measure.key in record and record["step"] > measure.after
    ]
    if not values:
        raise _not_logged(measure.key, records, where)
    if not all(math.isfinite(value) for value in values):
        raise LostTraining(f"{measure.key} in {where} is not finite")
    return TAKEN[measure.take](values)


def rank_correlation(records: Records, measure: RankCorrelation, where: str) -> tuple[float, int]:
    """Spearman's, at the evaluations of a training, which are equally far apart.

    The value is the mean of the records around an evaluation, half-way to the next on either side.

    Returns:
        The correlation, in [-1, 1], and of how many points.

    Raises:
        LostTraining: it is not finite, as one of the two never changes.
        GanzooError: one of the two was not logged, or at fewer than two evaluations.
    """
    at = [record for record in records if measure.quality in record]
    if len(at) < 2:
        raise _not_logged(measure.quality, records, where)
    half = (at[1]["step"] - at[0]["step"]) / 2
    windows = []
    for point in at:
        near = [r for r in records if measure.value in r and abs(r["step"] - point["step"]) <= half]
        if not near:
            raise _not_logged(measure.value, records, where)
        windows.append(fmean(record[measure.value] for record in near))
    found = correlation(ranks(windows), ranks([point[measure.quality] for point in at]))
    if not math.isfinite(found):
        raise LostTraining(f"{measure.value} or {measure.quality} in {where} never changes")
    return found, len(at)


def ranks(values: Sequence[float]) -> list[float]:
    """The place of each among them, from 1; equal ones share the mean of their places."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    found = [0.0] * len(values)
    place = 1
    for _, group in groupby(order, key=lambda i: values[i]):
        same = [*group]
        for index in same:
            found[index] = place + (len(same) - 1) / 2
        place += len(same)
    return found


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's, in [-1, 1]; nan where one of them never changes."""
    one, other = _centred(first), _centred(second)
    norm = math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))
    if norm == 0:
        return math.nan
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return max(-1.0, min(1.0, product / norm))


def _centred(values: Sequence[float]) -> list[float]:
    mean = fmean(values)
    return [value - mean for value in values]


def _not_logged(key: str, records: Records, where: str) -> GanzooError:
    known = {name for record in records for name in record} - {"step"}
    if key in known:
        return GanzooError(f"{where} has too few records of '{key}'")
    return GanzooError(f"{where}: {unknown('value', key, known)}")


def _said(measure: Logged | RankCorrelation) -> str:
    """The protocol of what is read from ``metrics.jsonl``."""
    if isinstance(measure, Logged):
        after = f" after step {measure.after}" if measure.after else ""
        return f"{measure.take} {measure.key} of metrics.jsonl{after}"
    return f"Spearman's rank correlation of {measure.value} and {measure.quality} in metrics.jsonl"
