"""A loss that is checked, and the logits that it is asked about."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganzoo.losses import AdversarialLoss
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.spec import LossSpec

N = 12
"""Logits of each kind: as many as the patches of three samples."""


@dataclass
class LossSubject:
    """An installed loss."""

    registered: Registered[LossSpec]

    @cached_property
    def loss(self) -> AdversarialLoss:
        """What the spec's target names, with its default settings.

        Raises:
            GanzooError: it is no loss.
        """
        found: Any = load_target(self.registered.spec)
        if isinstance(found, AdversarialLoss):
            return found
        loss: AdversarialLoss = found(found.Config())
        return loss

    def sides(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Both sides' losses of these logits."""
        seen = real if self.loss.generator_sees_real else None
        return {
            "discriminator": self.loss.discriminator(real, fake),
            "generator": self.loss.generator(fake, seen),
        }


def spread(low: float, high: float) -> Tensor:
    """Rising logits, float32 (N,)."""
    return torch.linspace(low, high, N)


def trainable(logits: Tensor) -> Tensor:
    """A copy of the logits that gradients reach."""
    return logits.detach().clone().requires_grad_()


def gradient_of(value: Tensor, logits: Tensor) -> Tensor | None:
    """The derivative of a loss; None: it does not depend on the logits."""
    if not value.requires_grad:
        return None
    return torch.autograd.grad(value, logits, retain_graph=True, allow_unused=True)[0]


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two losses are one but for rounding."""
    return torch.allclose(torch.as_tensor(one), torch.as_tensor(other), rtol=1e-4, atol=1e-6)


def described(value: object) -> str:
    """What something is, for an author who expects it to be something else."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
