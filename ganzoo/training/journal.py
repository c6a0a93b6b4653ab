"""What a training writes down: records and messages, and how it ends when they say that it must."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.engine.device import memory_used
from ganzoo.engine.distributed import mean_over_ranks
from ganzoo.engine.engine import Engine
from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Verdict
from ganzoo.runs.run import Run
from ganzoo.training.observer import Observer, Record
from ganzoo.training.watchdog import Watchdog


class Failed(GanzooError):
    """The training ended before its last step because it was in vain to go on."""

    outcome: ClassVar[str]
    """As ``run.json`` calls it."""


class Diverged(Failed):
    """A loss or a weight is not finite any more."""

    outcome = "diverged"


class Collapsed(Failed):
    """The watchdog has noticed something, and was asked to stop then."""

    outcome = "collapsed"


class Journal:
    """The records and messages of a training, which a watchdog reads as they are written."""

    def __init__(self, run: Run, engine: Engine, observer: Observer, watchdog: Watchdog) -> None:
        self.best: Verdict | None = None
        """The best quality so far, of which warnings remind."""
        self.alarm: str | None = None
        """What the watchdog has noticed first, a reason to stop for who wants that."""
        self._run = run
        self._engine = engine
        self._observer = observer
        self._watchdog = watchdog
        self._pending: list[tuple[int, dict[str, Tensor]]] = []
        self._clock, self._seen = 0.0, 0

    def recall(self) -> None:
        """Have the watchdog see what was logged before a pause."""
        for record in self._run.metrics():
            self._watchdog.see(record)
        if self._watchdog.ongoing:
            self.alarm = self._with_best(self._watchdog.ongoing[0])

    def start_clock(self) -> None:
        """The training begins, and its speed is measured from here."""
        self._clock, self._seen = time.perf_counter(), self._engine.images_seen

    def leave_out(self, seconds: float) -> None:
        """Do not count the last seconds: what is logged as speed is the training's own."""
        self._clock += seconds

    def add(self, metrics: dict[str, Tensor]) -> None:
        """Keep what an iteration gave, unread, for the next record."""
        self._pending.append((self._engine.iteration, metrics))

    def flush(self) -> None:
        """Read the pending metrics, all in one transfer, and write their means as a record.

        Raises:
            Diverged: a loss is not finite.
        """
        if not self._pending:
            return
        flat = torch.stack([value for _, row in self._pending for value in row.values()])
        values = iter(mean_over_ranks(flat).tolist())
        window: dict[str, list[float]] = defaultdict(list)
        for step, row in self._pending:
            for name in row:
                value = next(values)
                if name.endswith("_loss") and not math.isfinite(value):
                    raise self.diverged(f"the loss of phase '{name[:-5]}' is {value}", step)
                window[name].append(value)
        self._pending.clear()
        now, seen = time.perf_counter(), self._engine.images_seen
        metrics = {name: math.fsum(values) / len(values) for name, values in window.items()}
        record = Record(
            step=self._engine.iteration,
            metrics=metrics,
            images_per_second=(seen - self._seen) / (now - self._clock),
            memory=memory_used(self._engine.variant.device),
        )
        self._clock, self._seen = now, seen
        self.note(metrics)
        self._observer.logged(record)

    def note(self, values: dict[str, float]) -> None:
        """Write a record of this step, and have the watchdog see it."""
        record = {"step": self._engine.iteration, **values}
        self._run.append_metrics(record)
        for sentence in self._watchdog.see(record):
            message = self._with_best(sentence)
            self._run.log(f"step {self._engine.iteration}: {message}")
            self._observer.report(f"step {self._engine.iteration:,}: {message}")
            self.alarm = self.alarm or message

    def diverged(self, what: str, step: int) -> Diverged:
        """The end of a training in which something is not finite, with a line in the log."""
        kept = checkpoint.latest(self._run.checkpoints)
        message = (
            f"training diverged: {what} at step {step}; the last good checkpoint is {kept}: "
            "a smaller --lr or another --loss may help"
        )
        self._run.log(message)
        return Diverged(message)

    def collapsed(self, alarm: str, saved: Path) -> Collapsed:
        """The end of a training that an alarm was to stop, with a line in the log."""
        message = (
            f"training collapsed: {alarm}; {saved} holds this step, and to go on all the same "
            f"use --resume {self._run.path} --on-collapse warn"
        )
        self._run.log(message)
        return Collapsed(message)

    def _with_best(self, sentence: str) -> str:
        if self.best is None:
            return sentence
        return f"{sentence}; the best checkpoint is of step {self.best.step:,}"
