"""What a training tells those who watch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ganzoo.data.dataset import once
from ganzoo.engine.engine import Engine
from ganzoo.runs.checkpoint import Verdict
from ganzoo.runs.run import Run
from ganzoo.training.settings import Training


@dataclass(frozen=True)
class Start:
    """What a training is, before its first iteration."""

    run: Run
    training: Training
    engine: Engine


@dataclass(frozen=True)
class Record:
    """What is known after a number of iterations."""

    step: int
    metrics: dict[str, float]
    """Each the mean since the record before."""
    images_per_second: float
    """Real images drawn a second, since the record before."""
    memory: int
    """Bytes used at most so far."""


@dataclass(frozen=True)
class QualityRecord:
    """How good the samples are after a number of iterations."""

    step: int
    values: dict[str, float]
    best: Verdict | None
    """The best so far, this one included; None before any has a finite value."""
    seconds: float
    """That it took."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended, and what it leaves."""

    finished: bool
    """False where a signal stopped it."""
    checkpoint: Path
    samples: Path
    """The newest grid."""
    animation: Path
    curves: Path
    measured: dict[str, float] = field(default_factory=dict)
    """What `Variant.measure` said at the end."""
    best: Path | None = None
    """The best checkpoint, where ``--evaluate-every`` keeps one."""
    words: Sequence[str] = ()
    """What was last measured means, in sentences."""


class Observer:
    """Who watches a training; a subclass overrides what it wants to see."""

    @property
    def gone(self) -> bool:
        """Whether there is nobody any more who could see it, for whom it would go on.

        It is asked at each step, and draws from none of torch's generators, as the others may.
        """
        return False

    def started(self, start: Start) -> None:
        """All is set up and the first iteration follows."""

    def logged(self, record: Record) -> None:
        """A record was written."""

    def measured(self, step: int, values: dict[str, float]) -> None:
        """The variant has measured itself on the test split."""

    def evaluating(self, step: int) -> None:
        """The quality of the samples is about to be measured."""

    def evaluated(self, record: QualityRecord) -> None:
        """The quality of the samples was measured, as ``--evaluate-every`` asks."""

    def drawn(self, step: int, path: Path) -> None:
        """A grid of samples was drawn into a file."""

    def report(self, message: str) -> None:
        """Something happened that the user should read."""

    def ended(self) -> None:
        """The training is over, whatever came of it: nothing follows."""

    @cached_property
    def tell(self) -> Callable[[str], None]:
        """`report` of what is found in data: once, however often they are loaded."""
        return once(self.report)
