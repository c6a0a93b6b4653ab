"""A sweep on its way: each run is begun, gone on with or left as it is, and then evaluated."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganzoo.compare.ranking import Ranking, rank
from ganzoo.compare.runs import compare
from ganzoo.engine.device import find_device
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import POLL, STOPPED, begun, interruptible, last_words
from ganzoo.jobs.executor import Executor, Handle, Job
from ganzoo.runs import evaluations
from ganzoo.runs.metrics_file import last_step
from ganzoo.runs.run import Run
from ganzoo.sweeps.plan import Plan, Trial
from ganzoo.sweeps.share import Share

WAITING, TRAINING, EVALUATING = "waiting", "training", "evaluating"
TRAINED = "trained"
"""The state of a run that waits for its evaluation."""
FINISHED, CUT_SHORT, FAILED = "finished", "stopped", "failed"
UNDONE = WAITING, TRAINING, TRAINED, EVALUATING
RESUMED = CUT_SHORT, WAITING, TRAINED
"""States in which a sweep that was stopped leaves runs, to go on with."""
LOST = "diverged", "collapsed"
"""States of a run with which it makes no sense to go on."""


@dataclass
class Row:
    """One run of a sweep, as it is just now."""

    trial: Trial
    state: str = WAITING
    error: str = ""
    """What went wrong, in a sentence."""
    step: int = 0
    steps: int | None = None
    """In all, once that is known."""
    handle: Handle | None = None

    @property
    def finished(self) -> bool:
        """Whether its training came to its end, and with it all that was wanted."""
        return self.state == FINISHED and not self.error


class Watch:
    """Is told what happens; does nothing with it."""

    gone = False
    """Whether nobody reads any more what is shown."""

    def changed(self, row: Row) -> None:
        """A run has begun, or ended."""

    def look(self, rows: Sequence[Row]) -> None:
        """Some time has gone by."""


@dataclass(frozen=True)
class Swept:
    """What came of a sweep."""

    rows: Sequence[Row]
    stopped: bool
    """Whether a signal ended it before its end."""
    begun: int = 0
    """Trainings and evaluations that were begun, or gone on with."""

    @property
    def failed(self) -> list[Row]:
        """The runs that did not come to their end, unless they were stopped with the sweep."""
        return [row for row in self.rows if not (row.finished or row.state in RESUMED)]

    @property
    def ranking(self) -> Ranking | None:
        """The settings by their evaluations; None: nothing is known that can be better or worse."""
        there = [row for row in self.rows if row.state != FAILED]
        paths = [row.trial.path for row in there if (row.trial.path / "run.json").exists()]
        return rank(compare(paths)) if len(paths) > 1 else None

    def to_dict(self) -> list[dict[str, Any]]:
        """The runs as JSON has them."""
        return [
            {
                "path": str(row.trial.path),
                "setting": row.trial.setting,
                "seed": row.trial.seed,
                "state": row.state,
                "step": row.step,
                "steps": row.steps,
                "error": row.error,
            }
            for row in self.rows
        ]


def carry_out(plan: Plan, executor: Executor, at_once: Share, watch: Watch) -> Swept:
    """Train, and evaluate, what is not done yet.

    A run that fails does not keep the others from being trained. Ctrl-C and the like stop all runs,
    each of which saves a checkpoint; once more, they end at once.

    Args:
        plan: whose folder is open.
        executor: where.
        at_once: how many, and with how many threads.
        watch: is told.

    Raises:
        GanzooError: another process is at the same sweep.
    """
    with _alone(plan.folder):
        sweep = _Sweep(plan, executor, at_once, watch)
        try:
            with interruptible():
                sweep.run()
        except KeyboardInterrupt:
            sweep.stop()
            return Swept(sweep.rows, stopped=True, begun=sweep.begun)
        except BaseException:
            sweep.stop()
            raise
        finally:
            executor.close()
        return Swept(sweep.rows, stopped=False, begun=sweep.begun)


class _Sweep:
    """The rows of a sweep, and what is to be done next."""

    def __init__(self, plan: Plan, executor: Executor, at_once: Share, watch: Watch) -> None:
        self.rows = [Row(trial) for trial in plan.trials]
        self.begun = 0
        self._plan, self._executor, self._share, self._watch = plan, executor, at_once, watch
        self._waiting = deque(self.rows)
        self._on_gpu = find_device(plan.device).type == "cuda"
        self._evaluated = False  # what the first evaluation finds out is kept for the others

    @property
    def _running(self) -> list[Row]:
        return [row for row in self.rows if row.handle is not None]

    def run(self) -> None:
        """Go on until nothing is left to do."""
        while self._waiting or self._running:
            self._begin()
            self._look()
            if self._watch.gone:
                raise KeyboardInterrupt
            if self._running:
                time.sleep(POLL)

    def stop(self) -> None:
        """Have all that runs save and end, and wait for it; at once, where that is asked for."""
        asked = False
        while self._running:
            try:
                with interruptible():
                    if not asked:
                        asked = True
                        for row in self._running:
                            if row.handle is not None:
                                row.handle.stop()
                    while self._running:
                        time.sleep(POLL)
                        self._look()
            except KeyboardInterrupt:
                asked = False
        for row in self.rows:
            if row.state in UNDONE:
                row.state = _left(row.trial, evaluate=self._plan.evaluate)
                _read_progress(row)

    def _begin(self) -> None:
        """Begin as much as may run at once."""
        for row in [*self._waiting]:
            if len(self._running) >= self._share.jobs:
                return
            try:
                step = _next(row.trial, evaluate=self._plan.evaluate)
            except GanzooError as error:
                self._waiting.remove(row)
                self._end(row, FAILED, str(error))
                continue
            if step is None:
                self._waiting.remove(row)
                self._end(row, *_ended(row.trial))
                continue
            state, arguments = step
            alone = state == EVALUATING and not self._evaluated
            if alone and any(other.state == EVALUATING for other in self._running):
                continue
            self._waiting.remove(row)
            if state == TRAINING:
                arguments = [*arguments, "--threads", str(self._share.threads)]
            row.state, trial = state, row.trial
            log = trial.log.absolute()
            threads = self._share.threads
            job = Job(trial.name, arguments, log, Path.cwd(), threads, self._on_gpu)
            try:
                row.handle = self._executor.submit(job)
                self.begun += 1
            except (GanzooError, OSError) as error:  # the latter: no room for a log, or a process
                self._end(row, FAILED, f"it cannot be begun: {error}")
                continue
            self._watch.changed(row)

    def _look(self) -> None:
        """See what has ended, and how far the rest is."""
        for row in self._running:
            assert row.handle is not None
            status = row.handle.status()
            _read_progress(row)
            if status is None:
                continue
            row.handle = None
            if row.state == EVALUATING:
                self._evaluated = True
            if status == 0:
                wanted = self._plan.evaluate and row.state == TRAINING
                row.state = TRAINED if wanted else FINISHED
                self._waiting.appendleft(row)  # for what comes next
            elif status == STOPPED:
                self._end(row, TRAINED if row.state == EVALUATING else CUT_SHORT)
            elif row.state == EVALUATING:
                self._end(row, FINISHED, f"not evaluated: {last_words(row.trial.log)}")
            else:
                state, _ = _ended(row.trial)
                self._end(row, state if state in LOST else FAILED, last_words(row.trial.log))
        self._watch.look(self.rows)

    def _end(self, row: Row, state: str, error: str = "") -> None:
        row.state, row.error, row.handle = state, error, None
        _read_progress(row)
        self._watch.changed(row)


def _next(trial: Trial, *, evaluate: bool) -> tuple[str, list[str]] | None:
    """What is to be done of a run next, and the arguments of ganzoo for it; None: nothing.

    Raises:
        GanzooError: another process trains it, or its files are damaged.
    """
    run = begun(trial.path)
    if run is None:
        return TRAINING, trial.train
    state = run.state
    if state in LOST:
        return None
    if state != FINISHED:
        return TRAINING, ["train", "--resume", str(trial.path)]
    if not evaluate or _is_evaluated(run):
        return None
    return EVALUATING, trial.evaluate


def _left(trial: Trial, *, evaluate: bool) -> str:
    """The state of a run that waited when the sweep was stopped."""
    if not (trial.path / "run.json").exists():
        return WAITING
    run = Run.open(trial.path)
    if run.state != FINISHED:
        return run.state if run.state in LOST else CUT_SHORT
    return TRAINED if evaluate and not _is_evaluated(run) else FINISHED


def _is_evaluated(run: Run) -> bool:
    return any(record["step"] == run.step for record in evaluations.find(run.path))


def _ended(trial: Trial) -> tuple[str, str]:
    """How a run is, with which nobody is to go on, and what was wrong."""
    if not (trial.path / "run.json").exists():
        return FAILED, ""
    try:
        state = Run.open(trial.path).state
    except GanzooError as error:
        return FAILED, str(error)
    return state, f"the training {state}" if state in LOST else ""


def _read_progress(row: Row) -> None:
    """How far a run is, by its files."""
    path = row.trial.path
    if row.steps is None and (path / "run.json").exists():
        with suppress(GanzooError):  # which is said of it where it is gone on with
            row.steps = Run.open(path).settings["training"].get("steps")
    row.step = last_step(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a sweep for this process.

    Raises:
        GanzooError: another process holds it, or it cannot be held.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise GanzooError(f"{folder} is being swept by another process") from error
    except NotImplementedError:  # a disk without locks
        pass
    except OSError as error:
        raise GanzooError(
            f"the sweep's folder {folder} cannot be written ({error.strerror}): choose another "
            "with --out"
        ) from error
    try:
        yield
    finally:
        lock.release()
