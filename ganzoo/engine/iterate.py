"""One iteration of any variant: read this page and you know how everything trains.

A variant says which phases there are (`Variant.phases`); `make_plan` says which of them are due;
`iterate` plays them. Nothing here reads a tensor on the host, so that one iteration is the same
pure function of device tensors however it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.engine.distributed import average_over_ranks
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

    @property
    def batches(self) -> int:
        """How many batches the iteration draws."""
        return max((repeat for _, repeat in self.updates), default=0)


def make_plan(phases: Sequence[Phase], iteration: int, stage: Hashable = 0) -> Plan:
    """The plan of an iteration, counted from 0."""
    updates = []
    for phase in phases:
        if iteration % phase.every == 0:
            repeat = phase.repeat if isinstance(phase.repeat, int) else phase.repeat(iteration)
            updates.append((phase.name, repeat))
    return Plan(tuple(updates), stage)


Gradients = Callable[[Phase, Sequence[nn.Parameter], Batch], tuple[Tensor, list[Tensor | None]]]
"""A phase's loss on a micro-batch and its gradients; what it leaves in the batch stays there."""


def take_gradients(
    phase: Phase, params: Sequence[nn.Parameter], batch: Batch
) -> tuple[Tensor, list[Tensor | None]]:
    """The loss, detached, and its gradients; None for a parameter that it does not reach."""
    loss = phase.loss(batch)
    if loss.dim():
        shape = tuple(loss.shape)
        raise GanzooError(f"the loss of phase '{phase.name}' must be a scalar, not {shape}")
    return loss.detach(), [*torch.autograd.grad(loss, params, allow_unused=True)]


def iterate(
    plan: Plan,
    phases: Mapping[str, Phase],
    learners: Mapping[str, Learner],
    draw: Callable[[], list[Batch]],
    gradients: Gradients = take_gradients,
) -> dict[str, Tensor]:
    """Play the due phases, in order, and average the weights.

    The r-th update of each phase sees the r-th batch of the iteration: repeated updates get fresh
    batches, and phases that are updated once share one batch and what is left in `Batch.shared`.

    Args:
        plan: which phases are due.
        phases: by name.
        learners: by player.
        draw: the next batch, as micro-batches of one size (one, where nothing is accumulated).
        gradients: how a phase's gradients are computed: in this way or by compiled code.

    Returns:
        The loss of each phase and the metrics of its last update: detached scalars.
    """
    batches: list[list[Batch]] = []
    losses: dict[str, Tensor] = {}
    for name, repeat in plan.updates:
        phase = phases[name]
        learner = learners[phase.player]
        for r in range(repeat):
            if r == len(batches):
                batches.append(draw())
            parts = (gradients(phase, learner.params, part) for part in batches[r])
            loss, grads = average(parts, len(batches[r]))
            learner.update(average_over_ranks(grads))
            if phase.after is not None:
                with torch.no_grad():
                    phase.after()
            losses[f"{name}_loss"] = loss
    for learner in learners.values():
        learner.average()
    for batch in batches:
        for name, value in batch[0].metrics.items():
            several = [part.metrics[name] for part in batch]
            losses[name] = value if len(several) == 1 else torch.stack(several).mean()
    return losses


def average(
    parts: Iterable[tuple[Tensor, list[Tensor | None]]], count: int
) -> tuple[Tensor, list[Tensor | None]]:
    """The mean loss and the mean gradients of `count` micro-batches, which are taken in turn."""
    parts = iter(parts)
    loss, grads = next(parts)
    for other_loss, others in parts:
        loss = loss + other_loss
        grads = [
            grad if other is None else other if grad is None else grad + other
            for grad, other in zip(grads, others, strict=True)
        ]
    if count == 1:
        return loss, grads
    return loss / count, [None if grad is None else grad / count for grad in grads]
