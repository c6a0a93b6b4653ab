"""How long iterations of a training take, by some of each kind."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from ganzoo.bench.kept import counting
from ganzoo.bench.speed.ours import measure_pace
from ganzoo.data.feed import Feed
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


@dataclass(frozen=True)
class Guess:
    """What iterations of a whole batch take, by those of few samples."""

    seconds: float
    memory: int
    """Bytes."""
    names: set[str]
    """Of what is logged."""
    sizes: tuple[int, ...]
    """Of the batches that were tried."""


def guess(whole: Engine, engine: Engine) -> Guess | None:
    """As `measure`, by the few samples of another engine, and by as many more as can be tried.

    What an iteration takes however few samples there are is thus told from what each one takes.
    None: whole ones do not take so long that they could not be made, or have sizes of their own.
    """
    kinds = [kind for kind in moments(whole) if kind.share >= RARE]
    small, device = engine.feed, engine.variant.device
    samples, few = whole.feed.batch_size, small.batch_size
    names, seconds, most, tried = set[str](), [], 0, {few}
    for kind in kinds:
        go_to(engine, kind)
        if engine.variant.stage(engine.now).batch_size:
            return None
        with counting() as kept:
            of_few = _quickest(engine, kind, small, names)
        most = max(most, kept.most)
        size, of_each = few, of_few / few
        while 2 * size < samples and 2 * size * of_each < PATIENCE:
            size *= 2
        if size > few:
            tried.add(size)
            with closing(small.resized(size)) as large:
                more = _quickest(engine, kind, large, names) - of_few
            of_each = min(of_each, max(0.0, more / (size - few)))
        seconds.append(of_few + (samples - few) * of_each)
    if sum(seconds) < PATIENCE:
        return None
    shares = sum(kind.share for kind in kinds)
    mean = sum(kind.share * one for kind, one in zip(kinds, seconds, strict=True)) / shares
    memory = memory_used(device) + round(samples / few * most)
    return Guess(mean, memory, names, tuple(sorted(tried)))


def _quickest(engine: Engine, kind: Moment, feed: Feed, names: set[str]) -> float:
    """Seconds of an iteration with batches of that feed; the first sets up what a next finds there.

    One that is slow is made once, as what it sets up is little of it.
    """
    engine.feed = feed
    go_to(engine, kind)
    seconds = _seconds(engine, names)
    for _ in range(TIMED if seconds < SLOW else 0):
        go_to(engine, kind)
        seconds = min(seconds, _seconds(engine, names))
    return seconds


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
