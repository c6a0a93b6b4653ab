"""What a claim has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ganzoo.claims.claim import Claim
from ganzoo.compare.spread import Spread, plus_minus

REPRODUCED, NOT_REPRODUCED, NOT_RUN = "reproduced", "not reproduced", "not run"


@dataclass
class Findings:
    """What was measured for a claim so far."""

    values: dict[str, list[float]] = field(default_factory=dict)
    """By arm, in the order of the seeds."""
    minutes: dict[str, list[float]] = field(default_factory=dict)
    """Of each training, by arm, where it is known."""
    real: float | None = None
    """What real data come to in the samples' place."""
    protocol: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    device: str = ""
    lost: str = ""
    """Why a training came to nothing; empty: none did."""
    prevented: str = ""
    """Why something could not be carried out; empty: all was."""


def judge(claim: Claim, found: Findings) -> str:
    """The verdict: of the mean over the seeds, and never of a claim that lost a training."""
    if found.prevented:
        return NOT_RUN
    if found.lost:
        return NOT_REPRODUCED
    mean = Spread(tuple(found.values[claim.arms[0].name])).mean
    rival = Spread(tuple(found.values[claim.holds.of])).mean if claim.holds.of else 1.0
    return REPRODUCED if claim.holds.holds(mean, rival) else NOT_REPRODUCED


def shown(values: Sequence[float], percent: bool) -> str:
    """Mean and standard deviation of a training, ``"98.75 ± 0.18 %"``."""
    if not values:
        return ""
    spread = Spread(tuple(100 * value if percent else value for value in values))
    return plus_minus(spread.mean, spread.deviation) + (" %" if percent else "")


def each(values: Sequence[float], percent: bool) -> str:
    """The single values."""
    scaled = (100 * value if percent else value for value in values)
    return ", ".join(f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" for value in scaled)


def here(result: Mapping[str, Any]) -> str:
    """What was found, in a cell: ``"8.10 ± 0.84; gan-py 81.9 ± 2.0"``."""
    parts = []
    for number, (name, values) in enumerate(result["values"].items()):
        text = shown(values, result["percent"])
        if text:
            parts.append(f"{name} {text}" if number else text)
    return "; ".join(parts)


def said(result: Mapping[str, Any]) -> str:
    """The verdict, and of how many seeds it would be the same: ``"reproduced, 2 of 3 seeds"``."""
    good, count = result["seeds_that_hold"], len(result["seeds"])
    if result["verdict"] != REPRODUCED or good in (None, count):
        return str(result["verdict"])
    return f"{result['verdict']}, by the mean; {good} of {count} seeds"
