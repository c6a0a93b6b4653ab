"""What is due in an iteration: all that the host decides about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import lcm

from ganzoo.engine.stages import has_stages
from ganzoo.errors import GanzooError
from ganzoo.schedules import ONLY_STAGE, Progress, Stage, Upkeep
from ganzoo.variant import Phase, Variant

COUNTED = 10_000_000
"""Batches, which takes a minute or two."""


@dataclass(frozen=True)
class Plan:
    """All that the host decides about an iteration; equal plans are the same computation."""

    updates: tuple[tuple[str, int], ...]
    """The due phases in order, each with its number of updates."""
    batches: int = 1
    """How many batches the iteration draws."""
    stage: Stage = ONLY_STAGE
    """The variant's `Variant.stage`."""
    upkeep: tuple[str, ...] = ()
    """The due upkeeps in order."""


def make_plan(
    phases: Iterable[Phase],
    iteration: int,
    stage: Stage = ONLY_STAGE,
    upkeep: Iterable[Upkeep] = (),
) -> Plan:
    """The plan of an iteration, counted from 0."""
    updates, shared, own = [], 0, 0
    for phase in phases:
        if iteration % phase.every == 0:
            repeat = phase.repeat if isinstance(phase.repeat, int) else phase.repeat(iteration)
            updates.append((phase.name, repeat))
            shared, own = max(shared, 0 if phase.fresh else repeat), own + phase.fresh * repeat
    due = tuple(work.name for work in upkeep if iteration % work.every == 0)
    return Plan(tuple(updates), shared + own, stage, due)


def count_iterations(variant: Variant, batches: float, size: int) -> int:
    """How many iterations, from the first on, draw at least so many batches of that size.

    A stage that follows the share of the training, which depends on their number, is as if the
    stages had no sizes of their own.

    Raises:
        GanzooError: they would have to be counted one by one, and are too many for that.
    """
    phases = variant.phases()
    repeated = all(isinstance(phase.repeat, int) for phase in phases)
    if batches > COUNTED and (has_stages(variant) or not repeated):
        raise GanzooError(
            f"--epochs is {batches:,.0f} batches, and this variant's are counted one by one, up to "
            f"{COUNTED:,}: say with --steps how many iterations there are to be"
        )
    alike = images = 0
    if repeated:  # all but the last rounds, of which each draws as many as any other
        around = lcm(*(phase.every for phase in phases))
        drawn = sum(make_plan(phases, iteration).batches for iteration in range(around))
        rounds = max(0, int(batches // drawn) - 1)
        alike, images = rounds * around, rounds * drawn * size
    while images < batches * size:
        images += make_plan(phases, alike).batches * size
        alike += 1
    if not has_stages(variant):
        return alike
    iteration = images = 0
    while images < batches * size:
        now = variant.stage(Progress(iteration, alike, images))
        images += make_plan(phases, iteration).batches * (now.batch_size or size)
        iteration += 1
    return iteration


def who_move_at_once(plan: Plan, phases: Mapping[str, Phase]) -> list[list[tuple[Phase, int]]]:
    """The due phases with their numbers of updates, in order, together those who move so."""
    repeats = dict(plan.updates)
    groups: list[list[tuple[Phase, int]]] = []
    for phase in phases.values():
        if not (phase.together and groups):
            groups.append([])
        if phase.name in repeats:
            groups[-1].append((phase, repeats[phase.name]))
    return [group for group in groups if group]
