"""What an evaluation says: numbers, each with its direction, and the protocol they belong to."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Score:
    """One number; `ScoreKind.of` makes it."""

    name: str
    """``"frechet"``; of a translator with its direction, ``"a2b_frechet"``."""
    value: float
    better: str
    """Which is better: ``"higher"`` or ``"lower"``; empty, where neither is."""
    real: float | None = None
    """What real data score under the same protocol: what a perfect generator would come to."""
    meaning: str = ""
    """What it says, in a line."""
    share: bool = False
    """Whether it is shown in per cent."""
    rival: str = ""
    """See `ScoreKind`."""


@dataclass(frozen=True)
class ScoreKind:
    """What an evaluator declares of a score."""

    name: str
    """``"frechet"``."""
    better: str
    """Which is better: ``"higher"`` or ``"lower"``; empty, where neither is."""
    meaning: str
    """What it says, in a line, for the user."""
    share: bool = False
    """Whether it is shown in per cent."""
    rival: str = ""
    """Who else scores this, such as ``"mean"`` in ``"mean_l1"``: a predictor that knows nothing
    better, beside whom ``"l1"`` stands in a table; empty: it is of what is judged."""

    def of(self, value: float, real: float | None = None, *, way: str = "") -> Score:
        """A score of this kind.

        Args:
            value: of the samples.
            real: of real data in their place, where that says anything.
            way: the direction of a translation.
        """
        name = f"{way}_{self.name}" if way else self.name
        return Score(name, value, self.better, real, self.meaning, self.share, self.rival)


@dataclass(frozen=True)
class Report:
    """The numbers of one evaluation."""

    protocol: str
    """How they were obtained; numbers of different protocols cannot be compared."""
    scores: tuple[Score, ...]
    histogram: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By the name of each class its share of the samples, and its share of the data."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, which has no infinity: null instead."""
        scores = [
            {name: _finite(getattr(score, name)) for name in ("name", "value", "better", "real")}
            for score in self.scores
        ]
        return asdict(self) | {"scores": scores}


def _finite(value: Any) -> Any:
    return value if not isinstance(value, float) or isfinite(value) else None


@dataclass(frozen=True)
class Beside:
    """A score, and what rivals score."""

    score: Score
    rivals: dict[str, Score]
    """By name."""


def beside_rivals(scores: Iterable[Score]) -> list[Beside]:
    """The scores with those of rivals beside them; a rival's alone stands by itself."""
    rows: dict[str, Beside] = {}
    for score in scores:
        own = "".join(score.name.rsplit(f"{score.rival}_", 1)) if score.rival else ""
        if own in rows:
            rows[own].rivals[score.rival] = score
        else:
            rows[score.name] = Beside(score, {})
    return [*rows.values()]


def shown(value: float, share: bool = False) -> str:
    """A score as people read it, in per cent where it is a share."""
    if share:
        return f"{value:.1%}"
    if not isfinite(value) or float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"
