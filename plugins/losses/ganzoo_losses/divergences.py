"""f-GAN (Nowozin, Cseke & Tomioka 2016): a game for each f-divergence between data P and fakes Q.

D maximises ``E_P[T(v)] - E_Q[f*(T(v))]``, v being its logits: a lower bound of the divergence that
is exact where T(v) = f'(p / q). G minimises it. All logits are high for what is real; the author's
own code (nowozin/mlss2018-madrid-gan) has those of the reverse KL, of Neyman's χ² and of
Hellinger's distance the other way round, which is the same game.
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import AdversarialLoss, option
from ganzoo.losses import Scores


@dataclass(frozen=True)
class FGANConfig:
    """What G does."""

    saturating: bool = option(
        True, "whether G minimises the bound, as in the paper; else it maximises E[T(v)] of fakes"
    )


class FGAN(AdversarialLoss):
    """The game of one divergence.

    By default G minimises ``-E_Q[f*(T(v))]``, as the authors' code does. With ``saturating=false``
    it maximises ``E_Q[T(v)]``, as G of Goodfellow et al. 2014, section 3, does, so that it learns
    from fakes that D has found out.
    """

    Config = FGANConfig
    undecided: ClassVar[float] = 0.0
    """The logit that D has where p = q, for which T is f'(1)."""

    def __init__(self, config: FGANConfig) -> None:
        of_fakes = self.conjugate if config.saturating else self.variational

        super().__init__(
            lambda real, fake: self.conjugate(fake).mean() - self.variational(real).mean(),
            lambda fake, _: -of_fakes(fake).mean(),
            score=lambda logits: logits,
            scores=Scores(self.undecided, probability=False),
        )

    @staticmethod
    @abstractmethod
    def variational(v: Tensor) -> Tensor:
        """T(v), which lies in the domain of f*."""

    @staticmethod
    @abstractmethod
    def conjugate(v: Tensor) -> Tensor:
        """f*(T(v)), simplified, so that it neither overflows early nor loses digits."""


class KL(FGAN):
    """f(u) = u log u, f*(t) = exp(t - 1): KL(P, Q). D cannot tell at v = 1, not at 0."""

    undecided = 1.0

    @staticmethod
    def variational(v: Tensor) -> Tensor:
        return v

    @staticmethod
    def conjugate(v: Tensor) -> Tensor:
        return torch.exp(v - 1)


class ReverseKL(FGAN):
    """f(u) = -log u, f*(t) = -1 - log(-t): KL(Q, P)."""

    @staticmethod
    def variational(v: Tensor) -> Tensor:
        return -torch.exp(-v)

    @staticmethod
    def conjugate(v: Tensor) -> Tensor:
        return v - 1


class Pearson(FGAN):
    """f(u) = (u - 1)², f*(t) = t² / 4 + t: E_Q[(p / q - 1)²].

    For v < -2, where no density ratio lies, f*(T(v)) falls as v rises, and D's loss with it; the
    formula is the paper's.
    """

    @staticmethod
    def variational(v: Tensor) -> Tensor:
        return v

    @staticmethod
    def conjugate(v: Tensor) -> Tensor:
        return v.square() / 4 + v


class Neyman(FGAN):
    """f(u) = (1 - u)² / u, f*(t) = 2 - 2 √(1 - t): E_P[(q / p - 1)²]."""

    @staticmethod
    def variational(v: Tensor) -> Tensor:
        return -torch.expm1(-v)

    @staticmethod
    def conjugate(v: Tensor) -> Tensor:
        return -2 * torch.expm1(-v / 2)


class SquaredHellinger(FGAN):
    """f(u) = (√u - 1)², f*(t) = t / (1 - t)."""

    @staticmethod
    def variational(v: Tensor) -> Tensor:
        return -torch.expm1(-v)

    @staticmethod
    def conjugate(v: Tensor) -> Tensor:
        return torch.expm1(v)


class JensenShannon(FGAN):
    """f(u) = u log u - (u + 1) log((u + 1) / 2), f*(t) = -log(2 - exp(t)).

    That is twice the Jensen-Shannon divergence, and the GAN of Goodfellow et al. 2014 but for a
    constant: the table's row 'GAN' is ganzoo's `minimax`, and with ``saturating=false``
    `non-saturating`.
    """

    @staticmethod
    def variational(v: Tensor) -> Tensor:
        return log(2) - softplus(-v)

    @staticmethod
    def conjugate(v: Tensor) -> Tensor:
        return softplus(v) - log(2)
