"""One iteration of any variant: read this page and you know how everything trains.

A variant says which phases there are (`Variant.phases`); `make_plan` says which of them are due;
`iterate` plays them. Nothing here reads a tensor on the host, so that one iteration is the same
pure function of device tensors however it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.engine.learner import Learner
from ganzoo.errors import GanzooError
from ganzoo.variant import Batch, Phase


@dataclass(frozen=True)
class Plan:
    """All that the host decides about an iteration; equal plans are the same computation."""

    updates: tuple[tuple[str, int], ...]
    """The due phases in order, each with its number of updates."""
    stage: Hashable = 0
    """The variant's `Variant.stage`."""


def make_plan(phases: Sequence[Phase], iteration: int, stage: Hashable = 0) -> Plan:
    """The plan of an iteration, counted from 0."""
    updates = []
    for phase in phases:
        if iteration % phase.every == 0:
            repeat = phase.repeat if isinstance(phase.repeat, int) else phase.repeat(iteration)
            updates.append((phase.name, repeat))
    return Plan(tuple(updates), stage)


def iterate(
    plan: Plan,
    phases: Mapping[str, Phase],
    learners: Mapping[str, Learner],
    draw: Callable[[], dict[str, Tensor]],
) -> dict[str, Tensor]:
    """Play the due phases, in order, and average the weights.

    The r-th update of each phase sees the r-th batch of the iteration: repeated updates get fresh
    batches, and phases that are updated once share one batch and what is left in `Batch.shared`.

    Returns:
        The loss of each phase and the metrics of its last update: detached scalars.
    """
    batches: list[Batch] = []
    losses: dict[str, Tensor] = {}
    for name, repeat in plan.updates:
        phase = phases[name]
        learner = learners[phase.player]
        for r in range(repeat):
            if r == len(batches):
                batches.append(Batch(draw()))
            loss = phase.loss(batches[r])
            if loss.dim():
                shape = tuple(loss.shape)
                raise GanzooError(f"the loss of phase '{name}' must be a scalar, not {shape}")
            learner.update(torch.autograd.grad(loss, learner.params, allow_unused=True))
            if phase.after is not None:
                with torch.no_grad():
                    phase.after()
            losses[f"{name}_loss"] = loss.detach()
    for learner in learners.values():
        learner.average()
    return losses | {name: value for batch in batches for name, value in batch.metrics.items()}
