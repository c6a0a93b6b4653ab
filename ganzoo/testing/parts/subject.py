"""A regulariser or an augmentation that is checked, and a D for it to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.augmentations import SeenAugmentation
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.regularisers import Regulariser
from ganzoo.spec import AugmentationSpec, RegulariserSpec

N, SHAPE = 6, (2, 8, 8)
"""Samples, and the shape of each."""


@dataclass
class PartSubject:
    """An installed regulariser or augmentation."""

    registered: Registered[RegulariserSpec] | Registered[AugmentationSpec]

    @cached_property
    def cls(self) -> type[Regulariser] | type[SeenAugmentation]:
        """What the spec's target names.

        Raises:
            GanzooError: it is none of the spec's kind.
        """
        cls: type[Regulariser] | type[SeenAugmentation] = load_target(self.registered.spec)
        return cls

    def make(self) -> Regulariser | SeenAugmentation:
        """One with its default settings."""
        made: Any = self.cls
        part: Regulariser | SeenAugmentation = made(made.Config())
        return part

    def make_augmentation(self) -> SeenAugmentation:
        """One that has seen a D as certain of millions of samples as can be, if it adapts."""
        part = self.make()
        assert isinstance(part, SeenAugmentation)
        convince(part)
        return part


def convince(part: SeenAugmentation) -> None:
    """Have an augmentation that adapts see a D that is certain of millions of samples."""
    if part.observes:
        device = next((buffer.device for buffer in part.buffers()), None)
        certainty = torch.full((1_000_000,), 0.5, device=device)
        for _ in range(20):
            part.observe(certainty)
            part.adapt()


def samples(seed: int = 0) -> Tensor:
    """(N, *SHAPE) in [-1, 1]."""
    return torch.rand(N, *SHAPE, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def make_critic() -> nn.Module:
    """A D without BatchNorm, smooth, so that all derivatives exist."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(128, 8), nn.Softplus(), nn.Linear(8, 1))


def applied(subject: PartSubject, critic: nn.Module) -> Tensor:
    """A penalty of `critic`, or augmented samples."""
    return ready(subject)(critic)


def ready(
    subject: PartSubject, device: torch.device | None = None
) -> Callable[[nn.Module], Tensor]:
    """What applies a part that is on the device already, with a critic that is there too."""
    part = subject.make().to(device)
    real, fake = samples(1).to(device), samples(2).to(device)

    def apply(critic: nn.Module) -> Tensor:
        if isinstance(part, Regulariser):
            part(lambda sample: critic(sample)[:, 0], real, fake)  # it may have to see one first
            with torch.no_grad():
                part.adapt()
            return part(lambda sample: critic(sample)[:, 0], real, fake)
        convince(part)
        return part(real)

    return apply
