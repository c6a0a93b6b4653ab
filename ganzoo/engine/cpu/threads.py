"""How many threads compute on the CPU: no more than the other processes leave cores.

Threads that work on one operation wait for the slowest of them, so that one core which somebody
else uses too makes a step take four times as long; and small networks compute faster with fewer
threads than there are cores. The tuner watches for the one and tries the other.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from statistics import median

import torch

from ganzoo.engine.cpu.cores import quota, usable_cores

PERIOD = 1.0
"""Seconds between two looks at what the other processes do."""
GLANCE = 0.2
"""Seconds of a single look."""
IGNORED = 0.3
"""Of a core: as much may be used by the others without it being left to them."""
PATIENCE, LONGEST_PATIENCE = 5, 60
"""Looks that must agree before a core is taken back: at first, and at most."""
BLOCK_STEPS, BLOCK_SECONDS = 4, 0.05
"""The least that is timed with a number of threads."""
LONG_STEP = 0.2
"""Seconds; networks whose steps take longer are not small."""
GAIN = 0.97
"""The share of its time that a step may take with fewer threads for them to be preferred."""

_STAT = Path("/proc/stat")

Trial = Generator[None, float, None]
"""Is sent the seconds of each step until it has found the best number of threads."""


def make_tuner(requested: int | None, device: torch.device) -> ThreadTuner:
    """The tuner of a training.

    It leaves the number of threads alone, and with it the last bits of what is computed, where that
    was asked for (by `requested`, of which it takes no more than there are cores, or by
    ``OMP_NUM_THREADS``), on other devices than the CPU, and where the system does not tell what the
    other processes do.
    """
    threads = torch.get_num_threads()
    if requested is not None:
        tuner = ThreadTuner(threads)
        tuner.use(min(requested, usable_cores()))
        return tuner
    if "OMP_NUM_THREADS" in os.environ or device.type != "cpu" or not _STAT.exists():
        return ThreadTuner(threads)
    cores = os.sched_getaffinity(0)
    return ThreadTuner(threads, min(len(cores), quota()), len(cores), OtherProcesses(cores))


def leave_busy_cores(device: torch.device) -> None:
    """Compute with as many threads as the other processes leave cores just now.

    For what is too short to be tuned, and where no bit may depend on it, as `make_tuner` says, it
    does nothing.
    """
    if "OMP_NUM_THREADS" in os.environ or device.type != "cpu" or not _STAT.exists():
        return
    cores = os.sched_getaffinity(0)
    others = OtherProcesses(cores)
    time.sleep(GLANCE)
    free = len(cores) - Neighbours().cores(others())
    torch.set_num_threads(max(1, min(free, quota(), torch.get_num_threads())))


class ThreadTuner:
    """Sets the number of threads of a training as the machine becomes busy or quiet.

    Args:
        threads: how many there are now.
        most: how many there may be.
        cores: how many this process and the others share.
        others: says how many cores the others used since it was last asked; None: the number of
            threads stays as it is.
        clock: seconds.
        set_threads: called with each new number.
    """

    def __init__(
        self,
        threads: int,
        most: int = 1,
        cores: int = 1,
        others: Callable[[], float] | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
        set_threads: Callable[[int], object] = torch.set_num_threads,
    ) -> None:
        self.threads = self._initial = threads
        self._most, self._cores = min(most, threads), cores
        self._others, self._clock, self._set_threads = others, clock, set_threads
        self._neighbours = Neighbours()
        self._available = 0
        self._best: dict[int, int] = {}
        self._trial: Trial | None = None
        self._last = clock()
        self._due = math.inf if others is None else self._last + PERIOD

    def tick(self) -> str | None:
        """To be called after each iteration.

        Returns:
            A sentence, where the other processes were the reason to change the number of threads.
        """
        now = self._clock()
        if self._trial is not None:
            self._proceed(now - self._last)
        self._last = now
        if now < self._due or self._others is None:
            return None
        self._due = now + PERIOD
        load = self._others()
        available = max(1, min(self._most, self._cores - self._neighbours.cores(load)))
        if available == self._available:
            return None
        self._available, before = available, self.threads
        self._trial = self._search(available)
        next(self._trial, None)
        if self.threads == before:
            return None
        return (
            f"other processes use {load:.1f} of {self._cores} cores: training goes on with "
            f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        )

    def use(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        if threads != self.threads:
            self._set_threads(threads)
            self.threads = threads

    def close(self) -> None:
        """Put the number of threads back to what it was."""
        self.use(self._initial)

    def _proceed(self, seconds: float) -> None:
        assert self._trial is not None
        try:
            self._trial.send(seconds)
        except StopIteration:
            self._trial = None

    def _search(self, available: int) -> Trial:
        """Halve the number of threads as long as that makes real steps faster."""
        threads = min([available, *(best for n, best in self._best.items() if n >= available)])
        self.use(threads)
        yield
        while threads > 1 and (yield from self._is_faster(threads // 2, threads)):
            threads //= 2
        self.use(threads)
        self._best[available] = threads

    def _is_faster(self, fewer: int, more: int) -> Generator[None, float, bool]:
        times: dict[int, list[float]] = {more: [], fewer: []}
        for threads in (more, fewer, more, fewer):
            times[threads].append((yield from self._timed(threads)))
            if times[more][0] > LONG_STEP:
                return False
        return min(times[fewer]) < GAIN * min(times[more])

    def _timed(self, threads: int) -> Generator[None, float, float]:
        """The seconds of a step."""
        self.use(threads)
        yield  # the first step also starts or stops threads
        steps: list[float] = []
        while len(steps) < BLOCK_STEPS or sum(steps) < BLOCK_SECONDS:
            steps.append((yield))
        return median(steps)


class Neighbours:
    """How many cores to leave to the other processes, by what they use.

    A core is given up when two looks in a row say so, and taken back when many do. Trainings that
    watch each other take the same cores back together: so the patience doubles where that was too
    early.
    """

    def __init__(self) -> None:
        self._left = -1
        self._more: int | None = None
        self._fewer: list[int] = []
        self._patience = PATIENCE
        self._looks_since_taken = LONGEST_PATIENCE

    def cores(self, load: float) -> int:
        """How many to leave now, if the others used `load` cores."""
        wanted = max(0, math.ceil(load - IGNORED))
        self._looks_since_taken += 1
        if self._left < 0:
            self._left = wanted
        elif wanted > self._left:
            self._fewer.clear()
            if self._more is None:
                self._more = wanted
            else:
                self._give(min(self._more, wanted))
            return self._left
        elif wanted < self._left:
            self._fewer.append(wanted)
            if len(self._fewer) >= self._patience:
                self._take(max(self._fewer[-PATIENCE:]))
        else:
            self._fewer.clear()
        self._more = None
        return self._left

    def _give(self, left: int) -> None:
        early = self._looks_since_taken < LONGEST_PATIENCE
        self._patience = min(2 * self._patience, LONGEST_PATIENCE) if early else PATIENCE
        self._left, self._more = left, None

    def _take(self, left: int) -> None:
        self._left, self._looks_since_taken = left, 0
        self._fewer.clear()


class OtherProcesses:
    """Callable: how many of these cores the other processes used since the call before."""

    def __init__(self, cores: Iterable[int]) -> None:
        self._rows = frozenset(f"cpu{core}" for core in cores)
        self._ticks_per_second = os.sysconf("SC_CLK_TCK")
        self._before = self._now()

    def __call__(self) -> float:
        before, self._before = self._before, self._now()
        seconds, used = (now - then for now, then in zip(self._before, before, strict=True))
        return max(0.0, used / seconds)

    def _now(self) -> tuple[float, float]:
        """Seconds: of the clock, and those that others have used of all cores together."""
        ticks = 0
        for line in _STAT.read_text().splitlines():
            row, *fields = line.split()
            if row in self._rows:
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
                ticks += user + nice + system + irq + softirq + steal
        # Workers that load data are others too: they need their core.
        return time.perf_counter(), ticks / self._ticks_per_second - time.process_time()
