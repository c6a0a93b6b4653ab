"""How a training looks: live on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ganzoo.cli import legible
from ganzoo.cli.outlet import Outlet
from ganzoo.cli.output import make_console
from ganzoo.cli.owners import with_owners
from ganzoo.engine.distributed import is_first, process_count
from ganzoo.errors import counted
from ganzoo.runs.record import samples
from ganzoo.training.manner import learning_rates
from ganzoo.training.observer import Observer, Outcome, QualityRecord, Record, Start
from ganzoo.training.settings import Training
from ganzoo.training.watching.remaining import Remaining, Smoothed, duration
from ganzoo.variant import players_of

QUIET = 5.0
"""Seconds between two plain lines, at least."""
WAYS = ("precision", "threads", "accumulate", "recompute", "sync_batch_norm", "flip", "crop")
"""Fields of `Training` that are shown where they are not as usual."""


def make_display() -> Display:
    """What suits stdout; nothing is shown but in the first process of several."""
    if not is_first():
        return PlainDisplay(Console(quiet=True))
    console = make_console(cast("IO[str]", Outlet(sys.stdout)))
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(console)


class Display(Observer):
    """What both have in common: the words before and after, and the speed."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._begun = time.monotonic()
        self._left = Remaining()
        self._images_per_second = Smoothed()
        self._steps = 0

    @property
    def gone(self) -> bool:
        """Whether the pipe or the terminal is closed that it was shown on."""
        return getattr(self.console.file, "gone", False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the screen as it is."""

    def started(self, start: Start) -> None:
        settings, variant = start.run.settings, start.engine.variant
        self._steps = start.engine.iterations
        self._left.started(start)
        processes = process_count()
        counts = " and ".join(f"{count:,}" for count in samples(settings))
        rows = {
            "variant": settings["variant"]["name"],
            "data": f"{variant.data.name}: {counts} samples of shape {variant.data}",
            "batch size": str(start.training.batch_size),
        }
        for player in players_of(variant).values():
            for net in player.nets:
                count = sum(p.numel() for p in variant.get_submodule(net).parameters())
                rows[net] = f"{count:,} parameters"
        rows |= {
            "learning rate": learning_rates(variant),
            "device": settings["device"] + (f", {processes} processes" if processes > 1 else ""),
            "mode": f"{settings['mode']} ({settings['mode_because']})",
            **_ways(start.training),
            **_evaluating(start.training),
            "run": str(start.run.path),
        }
        for name, value in rows.items():
            self._print_row(name, value)
        if start.engine.iteration:
            self.console.print(f"going on from step {start.engine.iteration:,}")

    def logged(self, record: Record) -> None:
        self._left.logged(record)
        self._images_per_second.add(record.images_per_second)

    def evaluating(self, step: int) -> None:
        self._left.evaluating(step)

    def evaluated(self, record: QualityRecord) -> None:
        self._left.evaluated(record)
        step, best = record.step, record.best
        values = dict(record.values)
        line = f"step {step:,}: "
        if best is not None:
            verdict = f"{best.criterion} {values.pop(best.criterion):.4g}"
            is_best = best.step == step
            line += verdict + (
                " (best so far)  " if is_best else f" ({best.value:.4g} at step {best.step:,})  "
            )
        self.report(f"{line}{_listed(values)}".rstrip() + f", {record.seconds:.1f} s")

    def report(self, message: str) -> None:
        self.console.print(legible(with_owners(message, "train")), soft_wrap=True)

    def print_finished(self, outcome: Outcome, next_commands: Mapping[str, str]) -> None:
        """Say what was made, where it is, and what can be done with it."""
        rows = {
            "samples": outcome.samples,
            "animation": outcome.animation,
            "curves": outcome.curves,
            "checkpoint": outcome.checkpoint,
        }
        if outcome.best is not None:
            rows["best one"] = outcome.best
        self.close()
        self.console.print(
            f"finished step {self._steps:,} after {duration(time.monotonic() - self._begun)}",
            style="bold green",
        )
        for name, value in outcome.measured.items():
            self._print_row(name.replace("_", " "), f"{value:.4f}")
        for name, path in rows.items():
            self._print_row(name, path)
        for number, sentence in enumerate(outcome.words):
            self._print_row("" if number else "in words", sentence)
        for name, command in next_commands.items():
            self._print_row(name, command)

    def print_stopped(
        self, checkpoint: Path, resume_command: str, outcome: Outcome | None = None
    ) -> None:
        """Say what is kept and how to go on."""
        self.close()
        self.console.print(f"stopped at step {int(checkpoint.name):,}", style="bold yellow")
        if outcome is not None:
            self._print_row("samples", outcome.samples)
            self._print_row("animation", outcome.animation)
            self._print_row("curves", outcome.curves)
        self._print_row("checkpoint", checkpoint)
        self._print_row("go on with", resume_command)

    def _print_row(self, name: str, value: object) -> None:
        self.console.print(_line(name, legible(str(value))), soft_wrap=True)


class PlainDisplay(Display):
    """Lines for a log file: the first record, the last, and between them one every few seconds."""

    _printed = -QUIET

    def logged(self, record: Record) -> None:
        super().logged(record)
        now = time.monotonic()
        if now - self._printed < QUIET and record.step < self._steps:
            return
        self._printed = now
        self.console.print(
            f"step {record.step}/{self._steps}  {_listed(record.metrics)}  "
            f"{self._images_per_second.value:,.0f} images/s  {megabytes(record.memory)}  "
            f"{self._left}",
            soft_wrap=True,
        )

    def evaluating(self, step: int) -> None:
        super().evaluating(step)
        self.console.print(f"step {step}/{self._steps}  evaluating")

    def measured(self, step: int, values: dict[str, float]) -> None:
        self.console.print(f"step {step}/{self._steps}  {_listed(values)}", soft_wrap=True)


class LiveDisplay(Display):
    """A progress bar and the newest record, redrawn in place; messages scroll above."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._record: Record | None = None
        self._measured: dict[str, float] = {}
        self._step = 0
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def started(self, start: Start) -> None:
        super().started(start)
        self._step = start.engine.iteration
        self._live.start()

    def logged(self, record: Record) -> None:
        super().logged(record)
        self._record, self._step = record, record.step

    def measured(self, step: int, values: dict[str, float]) -> None:
        self._measured = values

    def close(self) -> None:
        self._live.stop()

    def _render(self) -> RenderableType:
        bar = Table.grid(padding=(0, 2), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True)
        bar.add_column(no_wrap=True)
        bar.add_row(
            ProgressBar(total=self._steps, completed=self._step, width=None),
            Text(f"step {self._step:,}/{self._steps:,}", style="bold"),
            Text(f"{self._left}", style="cyan"),
        )
        if self._record is None:
            return Group("", bar)
        return Group("", bar, *self._values(self._record))

    def _values(self, record: Record) -> list[RenderableType]:
        rest = dict(record.metrics)
        lines: list[RenderableType] = []
        for name, suffix in (("loss", "_loss"), ("D's score", "_score"), ("metrics", "")):
            group = {key: rest.pop(key) for key in [*rest] if key.endswith(suffix)}
            if group:
                shown = (f"{k.removesuffix(suffix)} {v:.4g}" for k, v in group.items())
                lines.append(_line(name, "   ".join(shown).replace("_", " ")))
        if self._measured:
            lines.append(_line("on test data", _listed(self._measured).replace("_", " ")))
        speed = f"{self._images_per_second.value:,.0f} images/s   {megabytes(record.memory)}"
        return [*lines, _line("speed", speed)]


def _evaluating(training: Training) -> dict[str, str]:
    if training.evaluate_every is None:
        return {}
    every = counted(training.evaluate_every, "step")
    return {"evaluates": f"every {every}; `ganzoo evaluators` says what each score is"}


def megabytes(size: int) -> str:
    """``512 MB``."""
    return f"{size / 1e6:,.0f} MB"


def _ways(training: Training) -> dict[str, str]:
    """What was asked for that changes how the same game is computed, as the flags say it."""
    plain = Training()
    said = {name: getattr(training, name) for name in WAYS}
    flags = [
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in said.items()
        if value != getattr(plain, name)
    ]
    return {"with": " ".join(flags)} if flags else {}


def _listed(values: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items())


def _line(name: str, text: str) -> Text:
    return Text.assemble((f"  {name:<13} ", "dim"), text)
