"""Adversarial losses: pure functions of logits, never of ``log(sigmoid(logits))``.

Each game is two functions, both minimised and both the mean over the batch. D's logits on real
samples are `real`, on fakes `fake`; any shape. With ``D = sigmoid(logits)``,
``-log D = softplus(-logits)`` and ``-log(1 - D) = softplus(logits)``, without overflow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganzoo.config import option
from ganzoo.errors import GanzooError


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
    """Both sides of a two-player game.

    A loss with settings is a subclass with a `Config` of options, made of one: ``__init__(config)``
    hands both sides on.
    """

    Config: ClassVar[type]
    """Only of a loss with settings: its dataclass."""
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


@dataclass(frozen=True)
class LeastSquaresConfig:
    """The three constants."""

    a: float = option(0.0, "D's target for fakes")
    b: float = option(1.0, "D's target for samples of the data")
    c: float = option(1.0, "what G wants D to say of its fakes")


class LeastSquares(AdversarialLoss):
    """Mao et al. 2017, by default as in eq. 9: a = 0, b = c = 1.

    Where b - c = 1 and b - a = 2, as with a = -1, b = 1 and c = 0, G minimises Pearson's χ²
    divergence between p + q and 2q, p being the data and q the fakes. The halves are the paper's:
    many implementations leave them out, which doubles the losses.
    """

    Config = LeastSquaresConfig

    def __init__(self, config: LeastSquaresConfig) -> None:
        a, b, c = config.a, config.b, config.c
        if a == b:
            raise GanzooError(f"a and b must differ, or D has nothing to tell apart: both are {a}")
        super().__init__(
            lambda real, fake: 0.5 * (real - b).square().mean() + 0.5 * (fake - a).square().mean(),
            lambda fake, _: 0.5 * (fake - c).square().mean(),
            score=_identity,
            scores=Scores((a + b) / 2, probability=False, sign=1 if b > a else -1),
        )


least_squares = LeastSquares(LeastSquaresConfig())
"""Mao et al. 2017, eq. 9."""

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


def _relativistic_average(better: Tensor, worse: Tensor | None) -> Tensor:
    """How far `better` is from looking more real than the average of `worse`, and vice versa."""
    assert worse is not None
    return softplus(worse.mean() - better).mean() + softplus(worse - better.mean()).mean()


relativistic_average = AdversarialLoss(
    _relativistic_average,
    _relativistic_average,
    generator_sees_real=True,
    scores=Scores(None),
)
"""Jolicoeur-Martineau 2019, eqs. 11 to 14 (RaSGAN): the generator's side swaps the roles.

Both are sums as in the paper, 2 ln 2 where D cannot tell; the authors' code halves them.
"""


def _relativistic(better: Tensor, worse: Tensor | None) -> Tensor:
    """How far `better` is from looking more real than what is at the same place of `worse`."""
    assert worse is not None
    return softplus(worse - better).mean()


relativistic = AdversarialLoss(
    _relativistic, _relativistic, generator_sees_real=True, scores=Scores(None)
)
"""Jolicoeur-Martineau 2019 (RSGAN): each sample of the data is judged beside the fake at its place.
Huang et al. 2024 (R3GAN) play it with R1 and R2."""
