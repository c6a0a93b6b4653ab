"""Adversarial losses: pure functions of logits, never of ``log(sigmoid(logits))``.

Each game is two functions, both minimised and both the mean over the batch. D's logits on real
samples are `real`, on fakes `fake`; any shape. With ``D = sigmoid(logits)``,
``-log D = softplus(-logits)`` and ``-log(1 - D) = softplus(logits)``, without overflow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


def _identity(logits: Tensor) -> Tensor:
    return logits


@dataclass(frozen=True)
class Scores:
    """What the verdicts of D that are logged mean, to whoever watches the training."""

    undecided: float | None = 0.5
    """The verdict on a sample of which D cannot tell what it is; None: no single verdict means
    anything, but only the gap between those on real samples and on fakes."""
    probability: bool = True
    """Whether a verdict is a probability, between 0 and 1; else it is a logit."""
    sign: int = 1
    """-1: where real samples are to score low, as in energies."""

    def belief(self, verdict: float) -> float:
        """The probability that D gives to a sample's being real; 0.5, where it is undecided."""
        if self.probability:
            return verdict if self.sign > 0 else 1 - verdict
        logit = self.sign * (verdict - (self.undecided or 0.0))
        return 1 / (1 + exp(-max(-80.0, min(80.0, logit))))


PROBABILITIES = Scores()
"""Of a D that is a classifier."""


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
    scores: Scores = PROBABILITIES
    """What these verdicts mean."""


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
    scores=Scores(0.5, probability=False),
)
"""Mao et al. 2017, eq. 9: a = 0, b = c = 1."""

hinge = AdversarialLoss(
    lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
    lambda fake, _: -fake.mean(),
    score=_identity,
    scores=Scores(0.0, probability=False),
)
"""Lim & Ye 2017; Miyato et al. 2018, eqs. 16 and 17."""

wasserstein = AdversarialLoss(
    lambda real, fake: fake.mean() - real.mean(),
    lambda fake, _: -fake.mean(),
    score=_identity,
    scores=Scores(None, probability=False),
)
"""Arjovsky et al. 2017, eq. 3; the critic must be kept Lipschitz by other means."""


def _relativistic(better: Tensor, worse: Tensor | None) -> Tensor:
    """How far `better` is from looking more real than the average of `worse`, and vice versa."""
    assert worse is not None
    return softplus(worse.mean() - better).mean() + softplus(worse - better.mean()).mean()


relativistic_average = AdversarialLoss(
    _relativistic, _relativistic, generator_sees_real=True, scores=Scores(None)
)
"""Jolicoeur-Martineau 2019, eqs. 11 to 14 (RaSGAN): the generator's side swaps the roles."""
