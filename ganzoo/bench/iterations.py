"""How long iterations of a training take, by some of each kind."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from ganzoo.bench.kept import counting
from ganzoo.bench.speed.ours import measure_pace
from ganzoo.engine.device import memory_used, synchronise
from ganzoo.engine.engine import Engine
from ganzoo.engine.plan import make_plan
from ganzoo.engine.stages import has_stages
from ganzoo.schedules import Progress

TUNED = 0.5
"""Seconds in which the number of threads is chosen."""
TIMED = 2
"""Iterations of a kind that are timed."""
BUDGET = 1.5
"""Seconds for timing the kinds of iterations; each of the first is timed all the same, and each of
a variant that grows."""
SLOW = 0.5
"""Seconds of an iteration, beyond which a second one of its kind is all that is timed."""
LOOKED_AT = 1000
"""Iterations of the training, evenly, whose kinds are counted."""
RARE = 0.01
"""The share of iterations below which a kind of them is not timed."""
FEW, MANY = 4, 16
"""Samples of an iteration that is made first, where a whole one has more than many."""
PATIENCE = 2.0
"""Seconds that whole iterations of all kinds may take together, to be made."""


@dataclass(frozen=True)
class Moment:
    """An iteration that stands for others of its kind."""

    iteration: int
    images: int
    """Seen before it."""
    share: float
    """Of all iterations, that are of its kind."""


def measure(engine: Engine) -> tuple[float, int, set[str]]:
    """Seconds an iteration, bytes, and the names of what is logged."""
    kinds = [kind for kind in moments(engine) if kind.share >= RARE]
    begun, growing = time.perf_counter(), has_stages(engine.variant)
    total, shares, names = 0.0, 0.0, set[str]()
    for number, kind in enumerate(kinds):
        if number and not growing and time.perf_counter() - begun > BUDGET:
            break  # what is left is taken for average, which stages are not
        again = partial(go_to, engine, kind)
        again()
        seconds = _seconds(engine, names)  # it sets up what the next finds there
        again()
        if seconds > SLOW:
            seconds = _seconds(engine, names)
        else:
            seconds = measure_pace(engine, 0.0 if number else TUNED, TIMED, again).seconds
        total += kind.share * seconds
        shares += kind.share
    return total / shares, memory_used(engine.variant.device), names


def guess(whole: Engine, engine: Engine) -> tuple[float, int, set[str]] | None:
    """As `measure`, of iterations of a whole batch by those of the few samples of another engine.

    None: whole ones do not take so long that they could not be made, or have sizes of their own.
    """
    kinds = [kind for kind in moments(whole) if kind.share >= RARE]
    device, times = engine.variant.device, whole.feed.batch_size / engine.feed.batch_size
    names, seconds, most = set[str](), [], 0
    for kind in kinds:
        go_to(engine, kind)
        if engine.variant.stage(engine.now).batch_size:
            return None
        with counting() as kept:
            took = times * _seconds(engine, names)
        most = max(most, kept.most)
        if took < PATIENCE:  # the first sets up what the next finds there
            go_to(engine, kind)
            took = times * _seconds(engine, names)
        seconds.append(took)
    if sum(seconds) < PATIENCE:
        return None
    shares = sum(kind.share for kind in kinds)
    mean = sum(kind.share * one for kind, one in zip(kinds, seconds, strict=True)) / shares
    return mean, memory_used(device) + round(times * most), names


def _seconds(engine: Engine, names: set[str]) -> float:
    """Of an iteration, whose metrics' names are added."""
    begun = time.perf_counter()
    names |= {*engine.step()}
    synchronise(engine.variant.device)
    return time.perf_counter() - begun


def moments(engine: Engine) -> list[Moment]:
    """The kinds of iterations that the training will have, the most frequent first.

    Two are of a kind, where the same phases are due as often in the same stage.
    """
    variant, phases = engine.variant, engine.phases.values()
    total = engine.iterations
    looked = min(LOOKED_AT, total)
    found: dict[Any, list[tuple[int, int]]] = {}
    images = before = 0
    for number in range(looked):
        # Not evenly, which would always meet the same of phases that are due every 16 iterations.
        iteration = int((number + number * 0.618034 % 1) * total / looked)
        stage = variant.stage(Progress(iteration, total, images))
        plan = make_plan(phases, iteration, stage)
        images += (iteration - before) * plan.batches * (stage.batch_size or engine.feed.batch_size)
        before = iteration
        found.setdefault((plan.updates, stage.level, stage.batch_size), []).append(
            (iteration, images)
        )
    kinds = [Moment(*some[len(some) // 2], len(some) / looked) for some in found.values()]
    return sorted(kinds, key=lambda kind: -kind.share)


def go_to(engine: Engine, moment: Moment) -> None:
    """Have an engine be where the training is at a moment, but for its weights."""
    engine.iteration = moment.iteration
    engine.feed.drawn = moment.images // engine.feed.batch_size
