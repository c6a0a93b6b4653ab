"""What follows training: progress, stages, upkeep, the average of weights, and common dials."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """How far a training is at the start of an iteration."""

    iteration: int
    """Iterations made so far."""
    iterations: int
    """How many there will be."""
    images: int
    """Real samples drawn so far, by all processes."""

    @property
    def share(self) -> float:
        """The iterations made so far, in [0, 1]."""
        return self.iteration / self.iterations


@dataclass(frozen=True)
class Stage:
    """A part of the training in which iterations are the same computation."""

    level: Any = 0
    """What tells the stage from others, hashable: the variant has it as `Variant.level`."""
    batch_size: int | None = None
    """Samples a batch, of all processes together; None: what the user says."""
    resets: tuple[str, ...] = ()
    """Players whose optimizers start anew as it begins."""


ONLY_STAGE = Stage()
"""Of a training that has no others."""


@dataclass(frozen=True)
class Upkeep:
    """Work on the variant's own tensors that has no loss, after the phases of an iteration."""

    name: str
    """Unique."""
    work: Callable[[], None]
    """In-place tensor work, without gradients and without a look at a tensor on the host."""
    every: int = 1
    """Due once in so many iterations, from the first on."""


@dataclass(frozen=True)
class Average:
    """How the weights that samples are drawn from follow those that are trained."""

    decay: float = 0.0
    """An iteration. In the t-th it is min(decay, (1 + t) / (10 + t)), so that a short training is
    not averaged with its beginning."""
    half_life: float | None = None
    """In place of `decay`: images until half of the average is new, 0.5^(images drawn / it) an
    iteration; `Variant.dials` can change it."""
    ramp: float | None = None
    """The half-life is at most so many times the images seen so far (Karras et al. 2020: 0.05)."""
    start: int = 0
    """Images until which the average is the weights themselves."""
    copy_buffers: bool = False
    """Whether float buffers (running statistics) are copied and not averaged. Others always are."""


def constant_then_linear(start: float, progress: float) -> float:
    """1 up to a progress of `start`, below 1, and then linearly down to 0 at a progress of 1."""
    return min(1.0, (1 - progress) / (1 - start))


def decays(players: Iterable[str], start: float) -> dict[str, Callable[[float], float]]:
    """Learning rates that are constant up to a progress of `start`, in [0, 1], and then fall to 0.

    Args:
        players: the names of those who learn so.
        start: 1 means that they never fall.
    """
    if start == 1:
        return {}
    return {f"{player}.lr": partial(constant_then_linear, start) for player in players}


class Plays(Protocol):
    """What a variant that decides the order of its iterations needs of the engine."""

    @property
    def images_seen(self) -> int:
        """Real samples drawn so far."""

    def play(self, plan: Any) -> dict[str, Tensor]:
        """Play the phases of the plan on new batches; returns detached scalars by name."""
