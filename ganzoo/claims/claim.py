"""A claim: what is said, the trainings that show it, the measure, and what must hold.

``claims.toml``, beside the ``__init__`` of a plugin's package, has them as `ganzoo.claims.read`
reads them. Nothing here imports torch.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

Setting = str | int | float | bool | list[int]

LAST, MEAN, LOWEST, HIGHEST = TAKES = ("last", "mean", "lowest", "highest")
"""What can be taken of a value that is logged many times."""
SHORT = 10.0
"""Minutes on two cores: what takes longer is a long claim."""
SEEDS = 3
"""Trainings of each arm, where a claim does not say."""


@dataclass(frozen=True)
class Arm:
    """One side of a claim: trainings that differ in nothing but the seed."""

    name: str
    variant: str
    """What is trained; empty where another program makes the samples."""
    settings: Mapping[str, Setting]
    """Of ``ganzoo train``, by name; of foreign samples, what says which data they are like."""
    seed_setting: str = "seed"
    """The setting that each seed is given to."""
    made_by: str = ""
    """The command of another program that makes the samples; empty where ganzoo trains."""


@dataclass(frozen=True)
class Evaluated:
    """A score of ``ganzoo evaluate``."""

    score: str
    n: int | None = None
    """Samples; None: as many as that command takes."""
    checkpoint: str = "last"
    features: str = "classifier"

    @property
    def flags(self) -> list[str]:
        """Of ``ganzoo evaluate``."""
        flags = ["--metrics", self.score]
        if self.n is not None:
            flags += ["--n", str(self.n)]
        if self.checkpoint != "last":
            flags += ["--checkpoint", self.checkpoint]
        if self.features != "classifier":
            flags += ["--features", self.features]
        return flags


@dataclass(frozen=True)
class Logged:
    """A value of ``metrics.jsonl``."""

    key: str
    take: str = LAST
    """One of `TAKES`."""
    after: int = 0
    """Only records of later steps count."""


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's, over a training, of a logged value and what ``--evaluate-every`` measures."""

    value: str
    """A key of ``metrics.jsonl`` that is logged more often."""
    quality: str
    """A key that is logged at each evaluation."""


Measure = Evaluated | Logged | RankCorrelation


@dataclass(frozen=True)
class Relation:
    """What the mean over the seeds must be."""

    kind: str
    """``"at least"``, ``"at most"``, ``"above"``, ``"below"`` or ``"within"``."""
    bounds: tuple[float, ...]
    """One number; of ``"within"``, the least and the greatest."""
    of: str = ""
    """The arm whose mean the bounds are multiples of; empty: they are the numbers themselves."""

    def holds(self, value: float, rival: float = 1.0) -> bool:
        """Whether it does, of a mean and that of the arm `of`."""
        first, last = self.bounds[0] * rival, self.bounds[-1] * rival
        match self.kind:
            case "at least":
                return value >= first
            case "at most":
                return value <= first
            case "above":
                return value > first
            case "below":
                return value < first
            case _:
                return first <= value <= last

    def text(self, percent: bool) -> str:
        """In words: ``"at least 97 %"``, ``"at most 0.5 times gan-py"``."""
        scale = 100 if percent and not self.of else 1
        numbers = " to ".join(f"{bound * scale:.10g}" for bound in self.bounds)
        if not self.of:
            return f"{self.kind} {numbers}{' %' if percent else ''}"
        return f"{self.kind} {self.of if numbers == '1' else f'{numbers} times {self.of}'}"


@dataclass(frozen=True)
class Claim:
    """What a paper says, and what shows it at the scale of a laptop."""

    id: str
    variant: str
    """The variant that it is about."""
    says: str
    """A sentence."""
    quantity: str
    """What is measured, in a few words."""
    paper: str
    """Author and year, with table or section."""
    number: str
    """What stands there; ``"none"`` where the paper gives no number."""
    minutes: float
    """Expected of all arms and seeds, on two cores."""
    arms: tuple[Arm, ...]
    """The first is the one that is judged; the others are its rivals."""
    measure: Measure
    holds: Relation
    seeds: int = SEEDS
    """Trainings of each arm: the seeds 0, 1, ..."""
    percent: bool = False
    """Whether values are shares, shown in per cent."""
    differences: str = ""
    """From the paper's networks, data and protocol."""

    @property
    def long(self) -> bool:
        """Whether it takes more than `SHORT` minutes."""
        return self.minutes > SHORT

    @property
    def must(self) -> str:
        """What must hold, in words."""
        return self.holds.text(self.percent)

    @property
    def digest(self) -> str:
        """Another one as soon as something else is trained, measured or demanded."""
        return digest(
            [[asdict(arm) for arm in self.arms], asdict(self.measure), asdict(self.holds)]
        )


def digest(content: object) -> str:
    """Eight characters for something that JSON can hold."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
