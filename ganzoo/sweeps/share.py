"""How many trainings run at once, and with how many threads: no more than there are cores."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from ganzoo.bench.forecast import ROOM, forecast
from ganzoo.engine.device import find_device
from ganzoo.jobs.executor import Executor
from ganzoo.sweeps.plan import Plan


class Share(NamedTuple):
    """What each of the trainings that run at once has."""

    jobs: int
    threads: int


def share_cores(
    plan: Plan, executor: Executor, jobs: int | None, report: Callable[[str], None]
) -> Share:
    """Divide the cores, or leave that to an executor that has a queue.

    Args:
        plan: of the sweep.
        executor: where it runs.
        jobs: how many are to run at once; None: on a CPU one a core, as far as memory goes, and
            else one a GPU.
        report: is told why there are fewer than one might think.
    """
    runs, cores = len(plan.trials), executor.cores
    if cores is None:
        return Share(jobs or runs, plan.threads or 1)
    most = max(1, cores // (plan.threads or 1))
    if plan.threads and plan.threads > cores:
        report(f"--threads {plan.threads} on {_counted(cores)} is too many: each run has {cores}")
    if jobs is not None and jobs > most:
        report(f"--jobs {jobs} is too many for {_counted(cores)}: {most} at once")
    at_once = min(jobs or most, most, runs)
    if jobs is None and find_device(plan.device).type == "cuda":
        at_once = min(at_once, torch.cuda.device_count())
    elif jobs is None and at_once > 1:
        at_once = min(at_once, _that_fit(plan, max(1, cores // at_once), report))
    return Share(at_once, min(plan.threads or max(1, cores // at_once), cores))


def _that_fit(plan: Plan, threads: int, report: Callable[[str], None]) -> int:
    """How many fit into memory, by the first; at least one."""
    first = plan.trials[0]
    found = forecast(
        first.variant, {**first.given, "threads": threads, "evaluate_every": None}, first.path
    )
    if not found.memory or not found.memory_free:
        return 1 if found.memory is None else len(plan.trials)
    fit = max(1, int(ROOM * found.memory_free / found.memory))
    if fit < len(plan.trials):
        report(f"no more than {fit} at once fit into memory, of {found.memory / 1e9:.1f} GB each")
    return fit


def _counted(cores: int) -> str:
    return "1 core" if cores == 1 else f"{cores} cores"
