"""Adversarial losses: pure functions of logits, never of ``log(sigmoid(logits))``.

Each game is two functions, both minimised and both the mean over the batch. D's logits on real
samples are `real`, on fakes `fake`; any shape. With ``D = sigmoid(logits)``,
``-log D = softplus(-logits)`` and ``-log(1 - D) = softplus(logits)``, without overflow.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


def _identity(logits: Tensor) -> Tensor:
    return logits


@dataclass(frozen=True)
class AdversarialLoss:
    """Both sides of a two-player game."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    """(real logits, fake logits) -> scalar."""
    generator: Callable[[Tensor, Tensor | None], Tensor]
    """(fake logits, real logits or None) -> scalar."""
    generator_sees_real: bool = False
    """Whether the generator's side is a function of the real logits too."""
    score: Callable[[Tensor], Tensor] = torch.sigmoid
    """D's verdict as it is logged: a probability, or the logits where D is no classifier."""


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


minimax = AdversarialLoss(_cross_entropy, lambda fake, _: -softplus(fake).mean())
"""Goodfellow et al. 2014, eq. 1: G minimises E[log(1 - D(G(z)))]."""

non_saturating = AdversarialLoss(_cross_entropy, lambda fake, _: softplus(-fake).mean())
"""Goodfellow et al. 2014, section 3: G maximises E[log D(G(z))]."""

least_squares = AdversarialLoss(
    lambda real, fake: 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean(),
    lambda fake, _: 0.5 * (fake - 1).square().mean(),
    score=_identity,
)
"""Mao et al. 2017, eq. 9: a = 0, b = c = 1."""

hinge = AdversarialLoss(
    lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
    lambda fake, _: -fake.mean(),
    score=_identity,
)
"""Lim & Ye 2017; Miyato et al. 2018, eqs. 16 and 17."""

wasserstein = AdversarialLoss(
    lambda real, fake: fake.mean() - real.mean(),
    lambda fake, _: -fake.mean(),
    score=_identity,
)
"""Arjovsky et al. 2017, eq. 3; the critic must be kept Lipschitz by other means."""


def _relativistic(better: Tensor, worse: Tensor | None) -> Tensor:
    """How far `better` is from looking more real than the average of `worse`, and vice versa."""
    assert worse is not None
    return softplus(worse.mean() - better).mean() + softplus(worse - better.mean()).mean()


relativistic_average = AdversarialLoss(_relativistic, _relativistic, generator_sees_real=True)
"""Jolicoeur-Martineau 2019, eqs. 11 to 14 (RaSGAN): the generator's side swaps the roles."""
