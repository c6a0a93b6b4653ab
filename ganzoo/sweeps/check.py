"""All that a sweep asks for is looked at before its first training begins."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.bench.forecast import ROOM, Forecast, forecast
from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import noting
from ganzoo.sweeps.plan import Plan, named
from ganzoo.sweeps.share import Share
from ganzoo.training.assemble import make_exhibits
from ganzoo.training.observer import Observer
from ganzoo.training.start import prepare

Report = Callable[[str], None]
SEEN = 4
"""Settings of which it is foreseen what they take; the others are taken for like these."""


def check(plan: Plan, report: Report) -> None:
    """Set up a training of each setting of which no run is there yet, and throw it away.

    Raises:
        GanzooError: what `ganzoo train` says of one of them.
    """
    begun = {trial.name for trial in plan.trials if trial.path.exists()}
    first = [trial for trial in plan.trials[: len(plan.settings)] if trial.name not in begun]
    for number, trial in enumerate(first, 1):
        report(f"checking setting {number} of {len(first)}")
        try:
            with noting() as plugins:
                prepared = prepare(plan.variant, trial.given, Observer(), plugins)
                make_exhibits(prepared.assembled, prepared.dataset, Observer())
        except GanzooError as error:
            raise GanzooError(f"{error}{named(trial.setting)}") from error


@dataclass(frozen=True)
class Outlook:
    """What a sweep will take."""

    runs: int
    jobs: int
    threads: int
    seconds: float | None
    """In all, with so many at once; None: one does not fit into memory."""
    disk: int
    """Bytes at most."""
    disk_free: int
    seen: int
    """Settings that this was foreseen of."""
    advice: Sequence[str]
    """What to change, where the machine is too small."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**vars(self), "advice": [*self.advice]}


def foresee(plan: Plan, at_once: Share, report: Report) -> Outlook:
    """Say what a sweep takes, by what some of its settings take.

    Raises:
        GanzooError: what `ganzoo train` says of one of them.
    """
    n = len(plan.settings)
    chosen = plan.trials[:n][:: -(-n // SEEN)]
    found: list[Forecast] = []
    for number, trial in enumerate(chosen, 1):
        report(f"making some steps with setting {number} of {len(chosen)}")
        given = {**trial.given, "threads": at_once.threads}
        found.append(forecast(plan.variant, given, trial.path))
    runs = n * len(plan.seeds)
    hours = [one.hours for one in found]
    seconds = None
    if None not in hours:
        mean = 3600 * sum(hour for hour in hours if hour is not None) / len(hours)
        seconds = mean * -(-runs // at_once.jobs)
    disk = round(sum(one.disk for one in found) / len(found) * runs)
    advice = [
        f"{line}{named(trial.setting)}"
        for trial, one in zip(chosen, found, strict=True)
        for line in one.advice
    ]
    existing = next(
        path for path in (plan.folder, *plan.folder.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    if disk > ROOM * free:
        advice.append("it does not fit on the disk: choose a folder elsewhere with --out")
    return Outlook(runs, *at_once, seconds, disk, free, len(chosen), advice)
