"""One iteration of any variant: read this page and you know how everything trains.

A variant says which phases there are (`Variant.phases`); `make_plan` says which of them are due;
`iterate` plays them. Nothing here reads a tensor on the host, so that one iteration is the same
pure function of device tensors however it is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.engine.distributed import average_over_ranks, mean_over_ranks, synchronise
from ganzoo.engine.learner import Learner
from ganzoo.engine.plan import Plan, who_move_at_once
from ganzoo.errors import GanzooError
from ganzoo.schedules import Upkeep
from ganzoo.variant import Batch, Phase


@dataclass(frozen=True)
class Game:
    """What iterations are played with, by name."""

    phases: dict[str, Phase]
    learners: dict[str, Learner]
    upkeep: dict[str, Upkeep]
    synchronised: Sequence[Tensor] = ()
    """Buffers whose mean over all processes is taken."""


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
    gain = phase.gain * (phase.every if phase.lazy else 1)
    weighted = loss if gain == 1 else gain * loss
    return loss.detach(), [*torch.autograd.grad(weighted, params, allow_unused=True)]


def iterate(
    plan: Plan, game: Game, draw: Callable[[], list[Batch]], gradients: Gradients = take_gradients
) -> dict[str, Tensor]:
    """Play the due phases, in order, do the due upkeep, and average the weights.

    The r-th update of each phase sees the r-th batch of the iteration: repeated updates get new
    batches, and phases that are updated once share one batch and what is left in `Batch.shared`.

    Args:
        plan: what is due.
        game: who plays.
        draw: the next batch, as micro-batches of one size (one, where nothing is accumulated).
        gradients: how a phase's gradients are computed: in this way or by compiled code.

    Returns:
        The loss of each phase and the metrics of its last update: detached scalars.
    """
    shared: dict[int, list[Batch]] = {}
    metrics: list[list[dict[str, Tensor]]] = []
    losses: dict[str, Tensor] = {}

    def batch_of(phase: Phase, number: int) -> list[Batch]:
        if not phase.fresh and number in shared:
            return shared[number]
        batch = draw()
        metrics.append([part.metrics for part in batch])
        if not phase.fresh:
            shared[number] = batch
        return batch

    groups = who_move_at_once(plan, game.phases)
    for place, moving in enumerate(groups):
        coming = [repeat for group in groups[place + 1 :] for _, repeat in group]
        for number in range(max(repeat for _, repeat in moving)):
            moves = []
            for phase in (phase for phase, repeat in moving if number < repeat):
                batch, params = batch_of(phase, number), game.learners[phase.player].params
                found = (gradients(phase, params, part) for part in batch)
                losses[f"{phase.name}_loss"], grads = average(found, len(batch))
                moves.append((phase, batch, average_over_ranks(grads)))
            made = [is_made(phase, batch) for phase, batch, _ in moves]
            for (phase, _, grads), when in zip(moves, made, strict=True):
                game.learners[phase.player].update(grads, when)
                if phase.after is not None:
                    with torch.no_grad():
                        phase.after()
            if number >= max(coming, default=0):  # nobody will see this batch again
                shared.pop(number, None)
    with torch.no_grad():
        synchronise(game.synchronised)
        for name in plan.upkeep:
            game.upkeep[name].work()
        for learner in game.learners.values():
            learner.average()
    of_phases = {f"{name}_loss" for name in game.phases}
    for parts in metrics:
        for name, value in parts[0].items():
            if name in of_phases:
                raise taken(name)
            several = [part[name] for part in parts]
            losses[name] = value if len(several) == 1 else torch.stack(several).mean()
    return losses


def taken(name: str) -> GanzooError:
    """The error for a metric of a variant that would stand in place of one of ganzoo's."""
    return GanzooError(
        f"the variant logs a metric called '{name}', as ganzoo calls one of its own: its author "
        "must give it another name"
    )


def is_made(phase: Phase, batch: list[Batch]) -> Tensor | None:
    """Whether a phase's update is made, a 0-d boolean that is equal in all processes; None: yes."""
    if phase.when is None:
        return None
    with torch.no_grad():
        votes = torch.stack([phase.when(part).float() for part in batch]).mean()
    return mean_over_ranks(votes) >= 0.5


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
