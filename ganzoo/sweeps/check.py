"""All that a sweep asks for is looked at before its first training begins."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.bench.forecast import ROOM, Forecast, forecast
from ganzoo.draws import seeded
from ganzoo.errors import GanzooError, counted
from ganzoo.metrics.ahead.check import check_judged
from ganzoo.metrics.ahead.cost import Cost
from ganzoo.plugins.registered import noting
from ganzoo.runs.room import check_room
from ganzoo.sweeps.plan import Plan, named
from ganzoo.sweeps.share import Share
from ganzoo.training.assemble import make_exhibits
from ganzoo.training.observer import Observer
from ganzoo.training.start import Prepared, prepare

Report = Callable[[str], None]
DATA = "dataset", "data_root", "image_size", "pixels", "few"
"""Settings that decide whether a run can be evaluated."""
SEEN = 4
"""Settings of which it is foreseen what they take; the others are taken for like these."""


class _Told(Observer):
    """Passes on what is found in data, and that a classifier is trained."""

    def __init__(self, say: Report) -> None:
        self._say = say

    def report(self, message: str) -> None:
        self._say(message)


def check(plan: Plan, say: Report, show: Report) -> None:
    """Set up a training of each setting of which no run is there yet, and throw it away.

    Whether the runs can be evaluated, and find room for what they keep, is found out as well. What
    is to be learned once for all evaluations, as by a classifier, is learned then.

    Args:
        plan: of the sweep.
        say: is told what the user should know.
        show: is told what is being done.

    Raises:
        GanzooError: what `ganzoo train` says of one of them, or `ganzoo evaluate` would.
    """
    observer = _Told(say)
    judged = set[tuple[object, ...]]()
    kept = 0
    begun = {trial.name for trial in plan.trials if trial.path.exists()}
    first = [trial for trial in plan.trials[: len(plan.settings)] if trial.name not in begun]
    for number, trial in enumerate(first, 1):
        show(f"checking setting {number} of {len(first)}")
        try:
            with noting() as plugins:
                prepared = prepare(plan.variant, trial.given, Observer(), plugins)
                make_exhibits(prepared.assembled, prepared.dataset, observer)
                kept = max(kept, prepared.assembled.kept)
                training = prepared.assembled.training
                data = tuple(getattr(training, name) for name in DATA)
                if plan.evaluate and data not in judged:
                    judged.add(data)
                    _check_judged(prepared, observer.tell)
        except GanzooError as error:
            raise GanzooError(f"{error}{named(trial.setting)}") from error
    new = sum(not trial.path.exists() for trial in plan.trials)
    check_room(plan.folder, new * kept, f"these {counted(new, 'run')}")


def _check_judged(prepared: Prepared, say: Report) -> None:
    training, engine = prepared.assembled.training, prepared.assembled.engine
    with engine.averaged() as variant, seeded(training.seed, variant.device):
        try:
            check_judged(variant, training, say)
        except GanzooError as error:
            raise GanzooError(f"{error}; --no-evaluate trains without an evaluation") from error


@dataclass(frozen=True)
class Outlook:
    """What a sweep will take."""

    runs: int
    jobs: int
    threads: int
    seconds: float | None
    """In all, evaluations included, with so many at once; None: one does not fit into memory."""
    disk: int
    """Bytes at most."""
    disk_free: int
    seen: int
    """Settings that this was foreseen of."""
    evaluations: int
    """In the trainings, besides the one after each."""
    evaluating: Cost | None
    """What one of those in a training takes."""
    judging: Cost | None
    """What one after a training takes."""
    advice: Sequence[str]
    """What to change, where the machine is too small."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**dataclasses.asdict(self), "advice": [*self.advice]}


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
        judged = plan.evaluate and number == 1
        found.append(forecast(plan.variant, given, trial.path, judged=judged))
    runs = n * len(plan.seeds)
    hours = [one.hours for one in found]
    seconds = None
    if None not in hours:
        mean = 3600 * sum(hour for hour in hours if hour is not None) / len(hours)
        judging = 0.0 if found[0].judging is None else found[0].judging.each
        costs = [cost for cost in (found[0].evaluating, found[0].judging) if cost is not None]
        once = max((cost.once for cost in costs), default=0.0)
        seconds = once + (mean + judging) * -(-runs // at_once.jobs)
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
    evaluations = round(runs * (sum(one.evaluations for one in found) / len(found)))
    return Outlook(
        runs,
        *at_once,
        seconds,
        disk,
        free,
        len(chosen),
        evaluations,
        found[0].evaluating,
        found[0].judging,
        advice,
    )
