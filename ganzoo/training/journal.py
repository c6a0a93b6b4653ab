"""What a training writes down: records and messages, and how it ends when they say that it must."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from ganzoo.engine.device import memory_used
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import taken
from ganzoo.engine.stages import has_stages
from ganzoo.errors import GanzooError, typed
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Verdict
from ganzoo.runs.logged import STAGE, STEP, WATCHDOG
from ganzoo.runs.metrics_file import read_metrics
from ganzoo.runs.run import Run
from ganzoo.training.observer import Observer, Record
from ganzoo.training.readings import Sent
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
        self._sent: tuple[Sent, Record] | None = None
        """Flushed and not read yet, with all else that the record will say."""
        self._late = engine.variant.device.type == "cuda"
        self._clock, self._seen = 0.0, 0
        self._stage, self._stages = engine.stage, 0

    def recall(self) -> None:
        """Have the watchdog see what was logged before a pause."""
        for record in read_metrics(self._run.path):
            self._watchdog.see(record)
            self._stages = int(record.get(STAGE, self._stages))
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
        if self._engine.stage != self._stage:
            self._stage, self._stages = self._engine.stage, self._stages + 1
            words = f"stage {self._stages} begins: {self._stage.level}"
            self._run.log(f"step {self._engine.iteration}: {words}")
            self._observer.report(f"step {self._engine.iteration:,}: {words}")
        self._pending.append((self._engine.iteration, metrics))

    def flush(self) -> None:
        """Write a record of the pending metrics; on CUDA that of the window before is written.

        There the host would have to wait until the device has nothing left to do: the means of
        this window are read when the next one is flushed, or when all must be `settle`d.

        Raises:
            Diverged: a loss is not finite.
        """
        self.settle()
        if not self._pending:
            return
        sent = Sent.of(self._pending)
        self._pending.clear()
        engine, now = self._engine, time.perf_counter()
        seen = engine.images_seen
        speed = (seen - self._seen) / (now - self._clock)
        self._clock, self._seen = now, seen
        memory = memory_used(engine.variant.device)
        where = {STAGE: float(self._stages)} if has_stages(engine.variant) else {}
        self._sent = sent, Record(engine.iteration, where, speed, memory)
        if not self._late:
            self.settle()

    def settle(self) -> None:
        """Write the record of what was flushed, if that was not done yet.

        To be called by all processes alike, before anything is said or saved of this step.

        Raises:
            Diverged: a loss is not finite.
        """
        if self._sent is None:
            return
        (sent, record), self._sent = self._sent, None
        window: dict[str, list[float]] = defaultdict(list)
        for step, name, value in sent.read():
            if name.endswith("_loss") and not math.isfinite(value):
                raise self.diverged(f"the loss of phase '{name[:-5]}' is {value}", step)
            window[name].append(value)
        _refuse_taken(window)
        means = {name: math.fsum(values) / len(values) for name, values in window.items()}
        metrics = {**means, **record.metrics}
        self._write(record.step, metrics)
        self._observer.logged(replace(record, metrics=metrics))

    def measured(self, values: dict[str, float]) -> None:
        """Write a record of what the variant has measured of itself.

        Raises:
            GanzooError: one has the name of something that ganzoo logs.
        """
        _refuse_taken(values, {f"{phase}_loss" for phase in self._engine.phases})
        self.note(values)

    def note(self, values: dict[str, float]) -> None:
        """Write a record of this step, and have the watchdog see it."""
        self._write(self._engine.iteration, values)

    def _write(self, step: int, values: dict[str, float]) -> None:
        record = {STEP: step, **values}
        self._run.append_metrics(record)
        for sentence in self._watchdog.see(record):
            message = self._with_best(sentence)
            self._run.log(f"step {step}: {WATCHDOG}: {message}")
            self._observer.report(f"step {step:,}: {message}")
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
            f"use --resume {typed(self._run.path)} --on-collapse warn"
        )
        self._run.log(message)
        return Collapsed(message)

    def _with_best(self, sentence: str) -> str:
        if self.best is None:
            return sentence
        return f"{sentence}; the best checkpoint is of step {self.best.step:,}"


def _refuse_taken(names: Collection[str], others: Collection[str] = ()) -> None:
    """Refuse metrics of a variant's that are called like what each record says, or like others."""
    for name in names:
        if name in (STEP, STAGE, *others):
            raise taken(name)
