"""How a training looks that a program started: a bar on a terminal or in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ganzoo.artifacts.waiting import stderr_console
from ganzoo.training.observer import Observer, QualityRecord, Record, Start
from ganzoo.training.watching.remaining import Remaining


class Bar(Observer):
    """One line that changes, and above it what should be read.

    Elsewhere than on a terminal or in a notebook only the latter.
    """

    def __init__(self, progress: Progress) -> None:
        """Draw on what `bar` started."""
        self._progress = progress
        self._task, self._left = TaskID(0), Remaining()

    def started(self, start: Start) -> None:
        what = f"{start.run.settings['variant']['name']} on {start.engine.variant.data.name}"
        self._task = self._progress.add_task(
            what,
            total=start.engine.iterations,
            completed=start.engine.iteration,
            left="",
            told="",
        )
        self._left.started(start)

    def logged(self, record: Record) -> None:
        losses = {
            name.removesuffix("_loss"): value
            for name, value in record.metrics.items()
            if name.endswith("_loss")
        }
        told = "  ".join(f"{name} {value:.3g}" for name, value in losses.items())
        self._left.logged(record)
        self._progress.update(self._task, completed=record.step, left=str(self._left), told=told)

    def evaluating(self, step: int) -> None:
        self._left.evaluating(step)
        self._progress.update(self._task, left=str(self._left))

    def evaluated(self, record: QualityRecord) -> None:
        self._left.evaluated(record)
        self._progress.update(self._task, left=str(self._left))
        told = "  ".join(f"{name} {value:.4g}" for name, value in record.values.items())
        self.report(f"step {record.step:,}: {told}")

    def report(self, message: str) -> None:
        self._progress.console.print(message, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def bar() -> Iterator[Bar]:
    """Shows how far a training is, for as long as the block lasts."""
    console = stderr_console()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("{task.fields[left]}", style="cyan", markup=False),
        TextColumn("{task.fields[told]}", style="dim", markup=False),
    )
    seen = console.is_terminal or console.is_jupyter
    with Progress(*columns, console=console, disable=not seen) as progress:
        yield Bar(progress)
