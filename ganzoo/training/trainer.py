"""The host loop: iterate, log, draw samples, save checkpoints, and stop when asked."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.artifacts.gallery import Gallery
from ganzoo.data.sources.cache import refuse_changed
from ganzoo.draws import seeded
from ganzoo.engine.cpu.allocator import keep_freed_memory
from ganzoo.engine.cpu.threads import ThreadTuner, make_tuner
from ganzoo.engine.distributed import Vote, copy_first, from_first, gather_state, is_first
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.names import COMPILE
from ganzoo.errors import GanzooError
from ganzoo.metrics.meaning import Found, in_words
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Verdict
from ganzoo.runs.load import published_weights
from ganzoo.runs.logged import QUALITY
from ganzoo.runs.run import Run
from ganzoo.training.assemble import Assembled
from ganzoo.training.ending.errors import explained, noted
from ganzoo.training.ending.interrupt import Interrupt
from ganzoo.training.exhibits import Exhibits
from ganzoo.training.journal import Failed, Journal
from ganzoo.training.observer import Observer, Outcome, QualityRecord, Start
from ganzoo.training.settings import STOP
from ganzoo.training.watchdog import Watchdog
from ganzoo.training.watching.apart import Apart
from ganzoo.training.watching.best import judged
from ganzoo.training.watching.overview import Overview

STOPPING = "stopping: a checkpoint is saved first (again: stop at once)"


class Trainer:
    """A training that is set up: `start` and `resume` make one."""

    def __init__(
        self,
        run: Run,
        assembled: Assembled,
        observer: Observer,
        exhibits: Exhibits,
    ) -> None:
        """Take over what is set up."""
        self.run = run
        self.training = training = assembled.training
        self.engine = engine = assembled.engine
        self._draws = assembled.draws
        self._answer = partial(observer.report, STOPPING)  # in a thread, which waits for no turn
        self.observer = observer = Apart(observer, self._draws)
        self._exhibits = exhibits
        self._sample_every = training.sample_every or engine.iterations
        self._journal = Journal(run, engine, observer, _make_watchdog(engine, exhibits))
        self._saved: Path | None = None
        self._measured: tuple[int, dict[str, float]] = -1, {}
        self._last_evaluated, self._seconds_evaluating = -1, 0.0
        self._quality = dict[str, float]()
        self._overview = Overview(run)
        self._interrupt = Interrupt()
        self._vote = Vote()
        self._begun = 0.0

    def fit(self) -> Outcome:
        """Train to the last step, or until a signal says to stop, or nobody watches any more.

        Raises:
            Diverged: a loss or a weight is not finite; the last good checkpoint is kept.
            Collapsed: the watchdog has noticed something and ``--on-collapse`` is ``stop``.
            GanzooError: the disk is full, or the like.
        """
        keep_freed_memory()
        self._tuner = self._make_tuner()
        try:
            with explained(self.run), self.run.locked(), self._interrupt.listening():
                self._refuse_trained_since()
                self.run.close(None)
                try:
                    with noted(self.run, self.engine, self._interrupt):
                        outcome = self._fit()
                except Failed as error:
                    with suppress(OSError):
                        self._draw_overview()
                    self.run.close(error.outcome)
                    raise
                self.run.close("finished" if outcome.finished else "stopped")
                return outcome
        finally:
            self._tuner.close()
            self.engine.close()
            self.observer.ended()

    def _refuse_trained_since(self) -> None:
        """Raise a GanzooError, if another process has trained it since it was set up."""
        since = from_first(self.run.step)
        if since != self.engine.iteration:
            raise GanzooError(
                f"{self.run.path} was trained to step {since:,} by another process, while this one "
                "set itself up to go on: give the command again"
            )

    @property
    def interrupted(self) -> bool:
        """Whether a signal said to stop."""
        return self._interrupt.heard

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
        self.observer.started(Start(self.run, self.training, self.engine))
        self._remember()
        if engine.iteration == engine.iterations:  # it was killed after its last step was saved
            saved = self.run.latest_checkpoint()
            return self._finish(self.run.samples / f"{engine.iteration:08d}.png", saved, {})
        if engine.iteration == 0:
            copy_first(engine.state())
            self._draw_real()
            self._draw_samples()
            self._save()
        stopping = self._is_stopping()
        self._begun = time.perf_counter()
        self._journal.start_clock()
        with self._interrupt.answering(self._answer):
            while engine.iteration < engine.iterations and not stopping:
                with self._draws.turn():
                    metrics = engine.step()
                self._journal.add(metrics)
                self._tune()
                if engine.iteration % training.log_every == 0:
                    self._journal.flush()
                if engine.iteration % self._sample_every == 0:
                    self._draw_samples()
                    self._measure()
                    if is_first():
                        self._journal.leave_out(self._overview.renew())
                if training.evaluate_every and engine.iteration % training.evaluate_every == 0:
                    self._evaluate()
                if engine.iteration % training.checkpoint_every == 0:
                    self._save()
                stopping = self._is_stopping()
        if stopping and self._collapse is None and not self._interrupt.answered:
            self.observer.report(STOPPING)
        return self._end()

    @property
    def _collapse(self) -> str | None:
        """Why to stop early, where an alarm is to be a reason."""
        return self._journal.alarm if self.training.on_collapse == STOP else None

    def _is_stopping(self) -> bool:
        """Whether any process wants to stop; asked by all of them at the same step."""
        wished = self._interrupt.heard or self.observer.gone
        return self._vote.stops(wished or self._collapse is not None)

    def _end(self) -> Outcome:
        finished = self.engine.iteration == self.engine.iterations
        if finished and self.training.evaluate_every:
            self._evaluate()
        samples, measured = self._draw_samples(), dict[str, float]()
        if finished:
            self._journal.flush()
            self._journal.settle()
            measured = self._measure()  # before the end is saved, after which nothing is missing
        saved = self._save()
        self._tell_cost()
        if not finished:
            collapse = from_first(self._collapse)
            if collapse is not None:
                raise self._journal.collapsed(collapse, saved)
            why = ", as nobody reads what it says any more" if self.observer.gone else ""
            self.run.log(f"step {self.engine.iteration}: stopped{why}")
            self._draw_overview()
            return Outcome(False, saved, samples, self._overview.animation, self._overview.curves)
        return self._finish(samples, saved, measured)

    def _finish(self, samples: Path, saved: Path, measured: dict[str, float]) -> Outcome:
        """Draw what is drawn of a whole training, whose last step is saved."""
        best = checkpoint.best(self.run.checkpoints)
        self._draw_overview()
        animation, curves = self._overview.animation, self._overview.curves
        self.run.log(f"step {self.engine.iteration}: finished")
        words = in_words(Found(self._quality, {}))
        return Outcome(True, saved, samples, animation, curves, measured, best, words)

    def _draw_overview(self) -> None:
        if is_first():
            self._overview.draw()

    def _remember(self) -> None:
        """What a training that is resumed has logged and kept so far."""
        best, quality = checkpoint.best(self.run.checkpoints), self._exhibits.quality
        if best is not None and quality is not None:
            with seeded(self.training.seed, self.engine.variant.device):
                found = judged(best, quality, self.engine, self.run, self.observer.report)
            self._journal.best = found
        self._journal.recall()

    def _draw_samples(self) -> Path:
        """Draw the grid of this step, once, and log how different its samples are, and the like.

        Where a training is interrupted that is not logged: one that goes on logs the same as one
        that was not interrupted.
        """
        self._journal.settle()
        step = self.engine.iteration
        path = self.run.samples / f"{step:08d}.png"
        if is_first() and not path.exists():
            due = step % self._sample_every == 0 or step == self.engine.iterations
            self._refuse_unsound()
            with self.engine.averaged() as variant, seeded(self.training.seed, variant.device):
                gallery = Gallery.of(variant.gallery(self._exhibits.examples))
                seen = self._exhibits.look(gallery, variant, step) if due else {}
            self._exhibits.draw(gallery, path)
            self.observer.drawn(step, path)
            if seen:
                self._journal.note(seen)
        return path

    def _draw_real(self) -> None:
        """What the samples should come to look like, where the data are of one kind."""
        real = self._exhibits.real
        if is_first() and real is not None:
            self._exhibits.draw(Gallery(real), self.run.samples / "real.png")

    def _measure(self) -> dict[str, float]:
        """Have the variant measure itself, once a step, and log what it says."""
        step = self.engine.iteration
        if self._exhibits.test is not None and self._measured[0] != step:
            with self.engine.averaged() as variant, seeded(self.training.seed, variant.device):
                self._measured = step, variant.measure(self._exhibits.test)
            if self._measured[1]:
                self._journal.measured(self._measured[1])
                self.observer.measured(step, {**self._measured[1]})
        return self._measured[1]

    def _evaluate(self) -> None:
        """Measure the quality, once a step, and keep the weights of the best."""
        self._journal.settle()
        self._refuse_unsound()
        quality, step = self._exhibits.quality, self.engine.iteration
        if quality is None or self._last_evaluated == step:  # the first process measures for all
            return
        self._last_evaluated, begun = step, time.perf_counter()
        self.observer.evaluating(step)
        with self.engine.averaged() as variant, seeded(self.training.seed, variant.device):
            values = self._quality = quality.measure(variant)
        if quality.criterion:
            value = float(values[quality.criterion])
            found = Verdict(step, quality.criterion, value, quality.protocol)
            self._keep_best(found, quality.better)
        seconds = time.perf_counter() - begun
        self._seconds_evaluating += seconds
        self._journal.leave_out(seconds)
        self.observer.evaluated(QualityRecord(step, {**values}, self._journal.best, seconds))
        self._journal.note({QUALITY + name: value for name, value in values.items()})

    def _keep_best(self, found: Verdict, better: str) -> None:
        """Keep the weights of now, where they are the best so far."""
        if _is_better(found, self._journal.best, better):
            checkpoint.save_best(
                self.run.checkpoints, self.run.identity, found, weights=self._weights()
            )
            self._journal.best = found

    def _tell_cost(self) -> None:
        """How much of the time went into evaluating."""
        if self._seconds_evaluating:
            share = self._seconds_evaluating / (time.perf_counter() - self._begun)
            message = f"evaluating took {share:.0%} of the time ({self._seconds_evaluating:,.1f} s)"
            self.run.log(message)
            self.observer.report(message)

    def _save(self) -> Path:
        """Save a checkpoint of this step, once, if all is finite."""
        if self._saved is None or int(self._saved.name) != self.engine.iteration:
            self._journal.flush()
            self._journal.settle()
            self._refuse_unsound()
            with self._draws.turn():
                state = gather_state(self.engine.state(), self.engine.own())
            self._saved = from_first(self._write(state) if is_first() else Path())
        return self._saved

    def _refuse_unsound(self) -> None:
        refuse_changed()
        unsound = self.engine.unsound()
        if unsound is not None:
            phase, parameter = unsound
            raise self._journal.diverged(
                f"'{parameter}', which phase '{phase}' updates, is not finite",
                self.engine.iteration,
            )

    def _write(self, state: dict[str, Tensor]) -> Path:
        self.run.keep_metrics()
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


def _make_watchdog(engine: Engine, exhibits: Exhibits) -> Watchdog:
    scores = engine.variant.scores
    if exhibits.quality is None:
        return Watchdog(engine.iterations, scores=scores)
    return Watchdog(
        engine.iterations,
        scores=scores,
        class_entropy=exhibits.class_entropy,
        criterion=exhibits.quality.criterion,
        better=exhibits.quality.better,
    )


def _is_better(found: Verdict, best: Verdict | None, better: str) -> bool:
    """Whether a value is the best so far: of two that are equal the later, which learned longer."""
    if best is None or not math.isfinite(found.value):
        return math.isfinite(found.value)
    return found.value <= best.value if better == "lower" else found.value >= best.value
