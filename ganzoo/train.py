"""The host loop: iterate, log, draw samples, save checkpoints, and stop when asked."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from ganzoo import checkpoint, pictures
from ganzoo.checkpoint import Verdict
from ganzoo.data.dataset import Dataset
from ganzoo.engine.allocator import keep_freed_memory
from ganzoo.engine.device import memory_used, seeded
from ganzoo.engine.distributed import (
    Vote,
    copy_first,
    from_first,
    gather_state,
    is_first,
    mean_over_ranks,
)
from ganzoo.engine.engine import Engine
from ganzoo.engine.threads import ThreadTuner, make_tuner
from ganzoo.errors import GanzooError
from ganzoo.run import Run
from ganzoo.sampling import published_weights
from ganzoo.settings import COMPILE, STOP, Training
from ganzoo.watchdog import DIVERSITY, QUALITY, Watchdog, diversity

if TYPE_CHECKING:
    from ganzoo.metrics.during import Quality


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


class Observer:
    """Who watches a training; a subclass overrides what it wants to see."""

    def started(self, trainer: Trainer) -> None:
        """All is set up and the first iteration follows."""

    def logged(self, record: Record) -> None:
        """A record was written."""

    def measured(self, step: int, values: dict[str, float]) -> None:
        """The variant has measured itself on the test split."""

    def evaluated(self, record: QualityRecord) -> None:
        """The quality of the samples was measured, as ``--evaluate-every`` asks."""

    def report(self, message: str) -> None:
        """Something happened that the user should read."""


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


@dataclass(frozen=True)
class Exhibits:
    """What a training shows and measures besides what it learns from."""

    examples: dict[str, Tensor]
    """The first samples of each stream, on the device."""
    modes: Tensor | None = None
    """Of the data, to be marked in pictures."""
    test: Dataset | None = None
    """The test split, for a variant that measures itself."""
    quality: Quality | None = None
    """Measures the samples, where ``--evaluate-every`` asks for it."""
    class_entropy: float | None = None
    """Of the labels of the data, in nats, to compare the quality with."""


@dataclass(frozen=True)
class Outcome:
    """How a training ended, and what it leaves."""

    finished: bool
    """False where a signal stopped it."""
    checkpoint: Path
    samples: Path
    """The newest grid."""
    animation: Path | None = None
    curves: Path | None = None
    measured: dict[str, float] = field(default_factory=dict)
    """What `Variant.measure` said at the end."""
    best: Path | None = None
    """The best checkpoint, where ``--evaluate-every`` keeps one."""


class Trainer:
    """A training that is set up: `ganzoo.setup` makes one."""

    def __init__(
        self,
        run: Run,
        training: Training,
        engine: Engine,
        observer: Observer,
        exhibits: Exhibits,
    ) -> None:
        """Take over what is set up."""
        self.run = run
        self.training = training
        self.engine = engine
        self.observer = observer
        self._exhibits = exhibits
        self._sample_every = training.sample_every or engine.iterations
        self._pending: list[tuple[int, dict[str, Tensor]]] = []
        self._saved: Path | None = None
        self._measured: tuple[int, dict[str, float]] = -1, {}
        self._evaluated, self._evaluating = -1, 0.0
        self._best: Verdict | None = None
        self._watchdog = _make_watchdog(engine.iterations, exhibits)
        self._stop = False
        self._collapse: str | None = None
        self._vote = Vote()
        self._begun = self._clock = 0.0
        self._seen = 0

    def fit(self) -> Outcome:
        """Train to the last step, or until SIGINT or SIGTERM.

        Raises:
            Diverged: a loss or a weight is not finite; the last good checkpoint is kept.
            Collapsed: the watchdog has noticed something and ``--on-collapse`` is ``stop``.
            GanzooError: the disk is full, or the like.
        """
        keep_freed_memory()
        self._tuner = self._make_tuner()
        try:
            with self.run.locked(), self._signals():
                self.run.close(None)
                try:
                    outcome = self._fit()
                except Failed as error:
                    self.run.close(error.outcome)
                    raise
                except Exception as error:
                    with suppress(OSError):  # the disk may be what failed
                        self.run.log(f"step {self.engine.iteration}: {error!r}")
                        self.run.close("crashed")
                    raise
                self.run.close("finished" if outcome.finished else "stopped")
                return outcome
        except OSError as error:
            kept = checkpoint.latest(self.run.checkpoints)
            raise GanzooError(
                f"{self.run.path} cannot be written ({error.strerror or error}): make room there, "
                + (f"then go on with --resume {self.run.path}" if kept else "then start again")
            ) from error
        finally:
            self._tuner.close()
            self.engine.feed.close()

    def _make_tuner(self) -> ThreadTuner:
        """Compiled code is made for one number of threads, which therefore stays as it is."""
        compiled = self.engine.execution.mode == COMPILE
        fixed = torch.get_num_threads() if compiled else None
        return make_tuner(self.training.threads or fixed, self.engine.variant.device)

    def _tune(self) -> None:
        message = self._tuner.tick()
        if message is not None:
            self.run.log(f"step {self.engine.iteration}: {message}")
            self.observer.report(message)

    def _fit(self) -> Outcome:
        engine, training = self.engine, self.training
        self.run.log(f"step {engine.iteration} of {engine.iterations}: training")
        self.observer.started(self)
        self._remember()
        if engine.iteration == 0:
            copy_first(engine.state())
            self._draw_real()
            self._draw_samples()
            self._save()
        stopping = self._vote.stops(self._stop or self._collapse is not None)
        self._begun = self._clock = time.perf_counter()
        self._seen = engine.images_seen
        while engine.iteration < engine.iterations and not stopping:
            metrics = engine.step()
            self._tune()
            self._pending.append((engine.iteration, metrics))
            if engine.iteration % training.log_every == 0:
                self._log()
            if engine.iteration % self._sample_every == 0:
                self._draw_samples()
                self._measure()
            if training.evaluate_every and engine.iteration % training.evaluate_every == 0:
                self._evaluate()
            if engine.iteration % training.checkpoint_every == 0:
                self._save()
            stopping = self._vote.stops(self._stop or self._collapse is not None)
        if stopping and self._collapse is None:
            self.observer.report("stopping: a checkpoint is saved first (again: stop at once)")
        return self._end()

    def _end(self) -> Outcome:
        finished = self.engine.iteration == self.engine.iterations
        if finished and self.training.evaluate_every:
            self._evaluate()
        samples, saved = self._draw_samples(), self._save()
        self._tell_cost()
        if not finished:
            collapse = from_first(self._collapse)
            if collapse is not None:
                raise self._collapsed(collapse, saved)
            self.run.log(f"step {self.engine.iteration}: stopped")
            return Outcome(False, saved, samples)
        measured = self._measure()
        best = checkpoint.best(self.run.checkpoints)
        animation, curves = self.run.path / "samples.gif", self.run.path / "curves.png"
        if is_first():
            pictures.animate(sorted(self.run.samples.glob("[0-9]*.png")), animation)
            pictures.plot_curves(self.run.metrics(), curves)
        self.run.log(f"step {self.engine.iteration}: finished")
        return Outcome(True, saved, samples, animation, curves, measured, best)

    def _remember(self) -> None:
        """What a training that is resumed has logged and kept so far."""
        best, quality = checkpoint.best(self.run.checkpoints), self._exhibits.quality
        if best is not None and quality is not None:
            verdict = checkpoint.verdict(best)
            self._best = verdict if verdict.criterion == quality.criterion else None
        for record in self.run.metrics():
            self._watchdog.see(record)
        if self.training.on_collapse == STOP and self._watchdog.ongoing:
            self._collapse = self._with_best(self._watchdog.ongoing[0])

    def _log(self) -> None:
        """Read the pending metrics, all in one transfer, and write their means as a record."""
        if not self._pending:
            return
        flat = torch.stack([value for _, row in self._pending for value in row.values()])
        values = iter(mean_over_ranks(flat).tolist())
        window: dict[str, list[float]] = defaultdict(list)
        for step, row in self._pending:
            for name in row:
                value = next(values)
                if name.endswith("_loss") and not math.isfinite(value):
                    raise self._diverged(f"the loss of phase '{name[:-5]}' is {value}", step)
                window[name].append(value)
        self._pending.clear()
        now, seen = time.perf_counter(), self.engine.images_seen
        metrics = {name: math.fsum(values) / len(values) for name, values in window.items()}
        record = Record(
            step=self.engine.iteration,
            metrics=metrics,
            images_per_second=(seen - self._seen) / (now - self._clock),
            memory=memory_used(self.engine.variant.device),
        )
        self._clock, self._seen = now, seen
        self._note({"step": record.step, **metrics})
        self.observer.logged(record)

    def _note(self, record: dict[str, float]) -> None:
        """Write a record, and have the watchdog see it."""
        self.run.append_metrics(record)
        self._watch(record)

    def _watch(self, record: dict[str, float]) -> None:
        for sentence in self._watchdog.see(record):
            message = self._with_best(sentence)
            self.run.log(f"step {self.engine.iteration}: {message}")
            self.observer.report(f"step {self.engine.iteration:,}: {message}")
            if self.training.on_collapse == STOP:
                self._collapse = self._collapse or message

    def _with_best(self, sentence: str) -> str:
        if self._best is None:
            return sentence
        return f"{sentence}; the best checkpoint is of step {self._best.step:,}"

    def _collapsed(self, message: str, saved: Path) -> Collapsed:
        full = (
            f"training collapsed: {message}; {saved} holds this step, and to go on all the same "
            f"use --resume {self.run.path} --on-collapse warn"
        )
        self.run.log(full)
        return Collapsed(full)

    def _diverged(self, what: str, step: int) -> Diverged:
        kept = checkpoint.latest(self.run.checkpoints)
        message = (
            f"training diverged: {what} at step {step}; the last good checkpoint is {kept}: "
            "a smaller --lr or another --loss may help"
        )
        self.run.log(message)
        return Diverged(message)

    def _draw_samples(self) -> Path:
        """Draw the grid of this step, once; where one is due, log how different the samples are."""
        step = self.engine.iteration
        path = self.run.samples / f"{step:08d}.png"
        if is_first() and not path.exists():
            with self.engine.averaged() as variant, seeded(self.training.seed, variant.device):
                samples = variant.gallery(self._exhibits.examples)
            pictures.draw(samples.float().cpu(), path, self._exhibits.modes)
            real = self._exhibits.examples.get("image")
            ratio = None if real is None else diversity(samples, real)
            if ratio is not None and step % self._sample_every == 0:  # not where it was interrupted
                self._note({"step": step, DIVERSITY: ratio})
        return path

    def _draw_real(self) -> None:
        """What the samples should come to look like, where the data are of one kind."""
        real = self._exhibits.examples.get("image")
        if is_first() and real is not None:
            pictures.draw(real.cpu(), self.run.samples / "real.png", self._exhibits.modes)

    def _measure(self) -> dict[str, float]:
        """Have the variant measure itself, once a step, and log what it says."""
        step = self.engine.iteration
        if self._exhibits.test is not None and self._measured[0] != step:
            with self.engine.averaged() as variant, seeded(self.training.seed, variant.device):
                self._measured = step, variant.measure(self._exhibits.test)
            self._note({"step": step, **self._measured[1]})
            self.observer.measured(*self._measured)
        return self._measured[1]

    def _evaluate(self) -> None:
        """Measure the quality, once a step, and keep the weights of the best."""
        self._refuse_unsound()
        quality, step = self._exhibits.quality, self.engine.iteration
        if quality is None or self._evaluated == step:  # the first process measures for all
            return
        self._evaluated, begun = step, time.perf_counter()
        with self.engine.averaged() as variant, seeded(self.training.seed, variant.device):
            values = quality.measure(variant)
        found = Verdict(step, quality.criterion, float(values[quality.criterion]))
        if _is_better(found, self._best, quality.better):
            checkpoint.save_best(
                self.run.checkpoints, self.run.identity, found, weights=self._weights()
            )
            self._best = found
        seconds = time.perf_counter() - begun
        self._evaluating += seconds
        self._clock += seconds  # what is logged as speed is the training's own
        self.observer.evaluated(QualityRecord(step, values, self._best, seconds))
        self._note({"step": step} | {QUALITY + name: value for name, value in values.items()})

    def _tell_cost(self) -> None:
        """How much of the time went into evaluating."""
        if self._evaluating:
            share = self._evaluating / (time.perf_counter() - self._begun)
            message = f"evaluating took {share:.0%} of the time ({self._evaluating:,.1f} s)"
            self.run.log(message)
            self.observer.report(message)

    def _save(self) -> Path:
        """Save a checkpoint of this step, once, if all is finite."""
        if self._saved is None or int(self._saved.name) != self.engine.iteration:
            self._log()
            self._refuse_unsound()
            state = gather_state(self.engine.state(), self.engine.own())
            self._saved = from_first(self._write(state) if is_first() else Path())
        return self._saved

    def _refuse_unsound(self) -> None:
        unsound = self.engine.unsound()
        if unsound is not None:
            phase, parameter = unsound
            raise self._diverged(
                f"'{parameter}', which phase '{phase}' updates, is not finite",
                self.engine.iteration,
            )

    def _write(self, state: dict[str, Tensor]) -> Path:
        return checkpoint.save(
            self.run.checkpoints,
            self.engine.iteration,
            self.run.identity,
            weights=self._weights(),
            state=state,
        )

    def _weights(self) -> dict[str, Tensor]:
        """What samples are drawn from."""
        with self.engine.averaged() as variant:
            return {k: v.clone() for k, v in published_weights(variant).items()}

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first SIGINT or SIGTERM ends the loop after its iteration, the next one at once."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self._stop:
                raise KeyboardInterrupt
            self._stop = True

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _make_watchdog(steps: int, exhibits: Exhibits) -> Watchdog:
    if exhibits.quality is None:
        return Watchdog(steps)
    return Watchdog(
        steps,
        class_entropy=exhibits.class_entropy,
        criterion=exhibits.quality.criterion,
        better=exhibits.quality.better,
    )


def _is_better(found: Verdict, best: Verdict | None, better: str) -> bool:
    """Whether a value is the best so far: of two that are equal the later, which learned longer."""
    if best is None or not math.isfinite(found.value):
        return math.isfinite(found.value)
    return found.value <= best.value if better == "lower" else found.value >= best.value
