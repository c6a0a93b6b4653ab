"""Sweeps from a program: ``ganzoo.sweep``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ganzoo.artifacts.waiting import stderr_console
from ganzoo.compare.ranking import Ranking
from ganzoo.config import build
from ganzoo.library.asked import of_type, place
from ganzoo.library.trained import TrainedRun, open_run
from ganzoo.library.training import plain_settings
from ganzoo.sweeps.go import UNDONE, Row, Swept, Watch, carry_out
from ganzoo.sweeps.set_up import set_up
from ganzoo.sweeps.settings import AUTO, Sweeping


def sweep(
    variant: str,
    *,
    set: Mapping[str, object],
    seeds: int = 1,
    random: int | None = None,
    jobs: int | str = AUTO,
    evaluate: bool = True,
    executor: str = "local",
    out: Path | str | None = None,
    progress: bool = True,
    **settings: object,
) -> Sweep:
    """Train a variant with every combination of some settings, several at once; see `Sweep`.

    The same call goes on after an interruption, and keeps what is finished. Each training is a
    process of its own.

    Args:
        variant: its name, as ``ganzoo list`` has it.
        set: what is tried, by the name of a setting: a list of values, or, with `random`, a range
            such as ``"1e-5..1e-3"``.
        seeds: trainings of each setting.
        random: how many combinations are drawn; None: all are tried.
        jobs: how many run at once; ``"auto"``: one a core, as memory goes, or one a GPU.
        evaluate: whether each run is evaluated when it is finished.
        executor: what runs them, as ``ganzoo executors`` lists it, with settings behind a colon.
        out: the folder of the runs; None: ``runs/sweep-VARIANT-DATA``.
        progress: whether a bar shows how far it is, on a terminal or in a notebook.
        settings: of all trainings, as `ganzoo.train` takes them.

    Raises:
        GanzooError: something that was asked for cannot be; nothing was begun.
        KeyboardInterrupt: Ctrl-C stopped it, after each run had saved a checkpoint.
    """
    asked = {
        "seeds": seeds,
        "random": random,
        "jobs": jobs,
        "evaluate": evaluate,
        "executor": executor,
    }
    of_type("set", set, Mapping, "a mapping of settings to what is tried")
    folder = None if out is None else place(out)
    with _bar() if progress else nullcontext(Watch()) as watch:
        ready = set_up(
            variant,
            plain_settings(settings),
            set,
            build(Sweeping, asked),
            folder,
            say=getattr(watch, "say", _quiet),
            show=_quiet,
        )
        ready.plan.open_folder()
        swept = carry_out(ready.plan, ready.executor, ready.at_once, watch)
    if swept.stopped:
        raise KeyboardInterrupt(f"stopped, and saved in {ready.plan.folder}: call it again")
    return Sweep(ready.plan.folder, swept)


class Sweep:
    """What came of a sweep; a run that failed did not keep the others from being trained."""

    def __init__(self, path: Path, swept: Swept) -> None:
        self.path = path
        """The folder of the runs."""
        self._swept = swept

    def __repr__(self) -> str:
        done = sum(row.finished for row in self._swept.rows)
        words = "" if self.ranking is None else f"; {self.ranking.words}"
        return f"<sweep {self.path}, {done} of {len(self._swept.rows)} runs finished{words}>"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row a run: path, setting, seed, state, step, error; for ``pandas.DataFrame``."""
        return self._swept.to_dict()

    @property
    def runs(self) -> list[TrainedRun]:
        """The runs that are finished."""
        return [open_run(row.trial.path) for row in self._swept.rows if row.finished]

    @property
    def ranking(self) -> Ranking | None:
        """The settings, the best first, and in ``.words`` what that comes to.

        None: nothing is known that can be better or worse.
        """
        return self._swept.ranking


def _quiet(message: str) -> None:
    """Say nothing."""


class _Bar(Watch):
    """One line that says how many runs are done, and above it what went wrong."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("runs", total=None)

    def say(self, message: str) -> None:
        """Print what the user should know."""
        self._progress.console.print(message, markup=False, highlight=False, soft_wrap=True)

    def changed(self, row: Row) -> None:
        if row.error:
            self.say(f"{row.trial.name}: {row.state}: {row.error}")

    def look(self, rows: Sequence[Row]) -> None:
        done = sum(row.state not in UNDONE for row in rows)
        self._progress.update(self._task, total=len(rows), completed=done)


@contextmanager
def _bar() -> Iterator[Watch]:
    console = stderr_console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    seen = console.is_terminal or console.is_jupyter
    with Progress(*columns, console=console, disable=not seen) as progress:
        yield _Bar(progress)
