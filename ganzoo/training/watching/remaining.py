"""How long a training goes on, as its records tell."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from datetime import timedelta

from ganzoo.engine.engine import Engine
from ganzoo.engine.stages import has_stages
from ganzoo.errors import counted
from ganzoo.schedules import Progress, Stage
from ganzoo.training.observer import Observer, QualityRecord, Record, Start

SMOOTHING = 0.3
"""Weight of the newest record in what is shown as speed."""


class Remaining(Observer):
    """Steps at the speed of now, and evaluations as long as the last.

    Where the training grows, only the stage that it is in: of later ones nothing is known but that
    they are others.
    """

    def __init__(self) -> None:
        self._steps_per_second = Smoothed()
        self._engine: Engine | None = None
        self._step, self._before = 0, (0.0, 0)
        self._evaluating = False
        self._cost: float | None = None
        """Seconds of the last evaluation."""

    def started(self, start: Start) -> None:
        self._engine, self._every = start.engine, start.training.evaluate_every
        self._step = self._last = start.engine.iteration
        self._stage, self._images = start.engine.stage, start.engine.images_seen
        self._before, self._batch = (time.monotonic(), self._step), start.engine.feed.batch_size

    def logged(self, record: Record) -> None:
        assert self._engine is not None
        now, (then, step) = time.monotonic(), self._before
        steps, images = record.step - step, self._engine.images_seen
        if self._engine.stage != self._stage:
            self._stage, self._steps_per_second = self._engine.stage, Smoothed()
        if now > then and steps:
            self._steps_per_second.add(steps / (now - then))
            self._batch = (images - self._images) // steps
        self._step, self._before, self._images = record.step, (now, record.step), images

    def evaluating(self, step: int) -> None:
        self._evaluating = True

    def evaluated(self, record: QualityRecord) -> None:
        then, step = self._before
        self._before = then + record.seconds, step
        self._evaluating, self._cost, self._last = False, record.seconds, record.step

    @property
    def evaluations(self) -> int:
        """How many are still to come, that of the end included."""
        assert self._engine is not None
        return count_evaluations(self._every, self._last, self._engine.iterations)

    def __str__(self) -> str:
        """``0:01:30 left``."""
        if self._evaluating:
            return "evaluating"
        speed = self._steps_per_second.value
        if self._engine is None or not speed:
            return "? left"
        steps = self._engine.iterations - self._step
        seconds, more = steps / speed, ""
        if count := self.evaluations:
            if self._cost is None:
                more = f" and {counted(count, 'evaluation')}"
            else:
                seconds += count * self._cost
        if count and not steps:
            last = "" if self._cost is None else f", {duration(seconds)},"
            return f"{counted(count, 'evaluation')}{last} left"
        if stages := [*self._ends(self._engine)]:
            return f"{duration(stages[0] / speed)} left in this stage, then {len(stages)} more"
        return f"{duration(seconds)}{more} left"

    def _ends(self, engine: Engine) -> Iterator[int]:
        """After how many more iterations each stage but the last ends, if all goes on so."""
        variant, total = engine.variant, engine.iterations
        last = total - 1 - self._step
        if last < 0 or not has_stages(variant):
            return

        def stage(steps: int) -> Stage:
            images = self._images + steps * self._batch
            return variant.stage(Progress(self._step + steps, total, images))

        first, now = 0, engine.stage
        while stage(last) != now:
            left = range(first, last + 1)
            first += bisect_left(left, True, key=lambda n: stage(n) != now)
            now = stage(first)
            yield first


def count_evaluations(every: int | None, last: int, end: int) -> int:
    """How many there are of a training after a step, that of the end included.

    Args:
        every: so many steps one is due, and at the end; None: none is.
        last: step at which one was made, or the first.
        end: the last step.
    """
    if every is None:
        return 0
    return end // every - last // every + (end % every > 0 and last < end)


class Smoothed:
    """An exponential moving average that starts anew at its second value.

    The first is of the beginning, in which things are compiled and chosen.
    """

    value = 0.0
    _count = 0

    def add(self, value: float) -> None:
        """Move towards `value`."""
        self._count += 1
        self.value = value if self._count <= 2 else self.value + SMOOTHING * (value - self.value)


def duration(seconds: float) -> str:
    """``0:01:30``."""
    return str(timedelta(seconds=round(seconds)))
