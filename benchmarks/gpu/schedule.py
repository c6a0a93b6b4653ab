"""Steps within their time: side by side or one by one, and the page rewritten after each."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from gpu.step import GRACE, RUNNING, Result, Step, run

WORTHWHILE = 5.0
"""Seconds; a step is not begun with fewer."""


@dataclass
class Schedule:
    """What has been done, and what is left of the time."""

    end: float
    """Of all, on the monotonic clock."""
    environment: dict[str, str]
    folder: Path
    """For what the steps leave to each other."""
    write: Callable[[Sequence[Result]], None]
    """Writes the page."""
    results: list[Result] = field(default_factory=list)
    interrupted: bool = False
    """Whether what runs is to end, and nothing more to begin."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.end - time.monotonic()

    def announce(self, steps: Sequence[Step]) -> list[Result]:
        """Put steps on the page, before they are reached."""
        results = [Result(step) for step in steps]
        self.results += results
        self._written()
        return results

    def side_by_side(self, results: Sequence[Result], share: float) -> None:
        """Run steps together, until a share of the time that is left is over."""
        end = time.monotonic() + share * self.left
        workers = max(2, min(6, (os.cpu_count() or 1) // 2))
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda one: self._run(one, end - time.monotonic()), results))

    def one_by_one(self, results: Sequence[Result]) -> None:
        """Run steps each by itself; each leaves the later ones the least that they need."""
        for number, one in enumerate(results):
            later = sum(other.step.least for other in results[number + 1 :])
            self._run(one, max(self.left - later, min(self.left, one.step.least)))

    def _run(self, result: Result, left: float) -> None:
        limit = min(result.step.seconds, left - GRACE, self.left - GRACE)
        if self.interrupted:
            result.because = "interrupted before it began"
            self._written()
        if limit < WORTHWHILE or self.interrupted:
            return
        print(f"{result.step.name} ...", flush=True)
        result.outcome = RUNNING
        self._written()
        run(result, limit, self.environment, self.folder, lambda: self.interrupted)
        print(f"{result.step.name}: {result.outcome}, {result.seconds:.0f} s", flush=True)
        self._written()

    def _written(self) -> None:
        with self._lock:
            self.write(self.results)


def hear_signals(schedule: Schedule) -> None:
    """Have Ctrl-C and SIGTERM end the steps that run, and keep others from beginning.

    The handler raises nothing: an exception would strike anywhere, as between the start of a
    thread and the note that it has to be waited for.
    """

    def interrupt(*_: object) -> None:
        schedule.interrupted = True

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
