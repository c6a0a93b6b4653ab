"""A sweep before its first run: planned, checked, and its cores divided."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.jobs.executor import Executor
from ganzoo.plugins.equip import executor_of
from ganzoo.sweeps.check import check
from ganzoo.sweeps.plan import Plan, make_plan
from ganzoo.sweeps.settings import AUTO, Sweeping
from ganzoo.sweeps.share import Share, share_cores


@dataclass(frozen=True)
class Ready:
    """A sweep that can begin."""

    plan: Plan
    executor: Executor
    at_once: Share


def set_up(
    variant: str,
    given: Mapping[str, object],
    varied: Mapping[str, object],
    sweeping: Sweeping,
    out: Path | None,
    *,
    say: Callable[[str], None],
    show: Callable[[str], None],
) -> Ready:
    """Plan a sweep and check all of its settings; nothing is written.

    Args:
        variant: see `make_plan`.
        given: see `make_plan`.
        varied: see `make_plan`.
        sweeping: how many seeds, how many at once, and the like.
        out: see `make_plan`.
        say: is told what the user should know.
        show: is told what is being done.

    Raises:
        GanzooError: something that was asked for cannot be.
    """
    jobs = _jobs(sweeping.jobs)
    plan = make_plan(
        variant,
        given,
        varied,
        seeds=sweeping.seeds,
        random=sweeping.random,
        out=out,
        evaluate=sweeping.evaluate,
    )
    plan.check_folder()
    for words in plan.said:
        say(words)
    executor: Executor = executor_of(sweeping.executor)
    check(plan, say, show)
    return Ready(plan, executor, share_cores(plan, executor, jobs, say))


def _jobs(text: str) -> int | None:
    """``"auto"`` or a number.

    Raises:
        GanzooError: it is neither.
    """
    if text == AUTO:
        return None
    if re.fullmatch("0*[1-9][0-9]{0,8}", text):
        return int(text)
    raise GanzooError(f"--jobs must be {AUTO} or a number of runs at once, not {text}")
