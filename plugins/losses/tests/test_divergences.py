"""The f-GAN table against the definition of an f-divergence and its conjugate, in float64."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from ganzoo_losses.divergences import (
    FGAN,
    KL,
    FGANConfig,
    JensenShannon,
    Neyman,
    Pearson,
    ReverseKL,
    SquaredHellinger,
)
from torch import Tensor

from ganzoo import losses
from ganzoo.plugins.equip import loss_of

X = torch.linspace(-12, 13, 20001, dtype=torch.float64)
"""Where densities are integrated."""


@dataclass(frozen=True)
class Truth:
    """What is known of a divergence."""

    f: Callable[[Tensor], Tensor]
    logit: Callable[[Tensor], Tensor]
    """v with T(v) = f'(u)."""
    of_gaussians: float
    """Of N(0, 1) and N(1, 1)."""


TRUTHS: dict[type[FGAN], Truth] = {
    KL: Truth(lambda u: u * u.log(), lambda u: 1 + u.log(), 0.5),
    ReverseKL: Truth(lambda u: -u.log(), torch.log, 0.5),
    Pearson: Truth(lambda u: (u - 1).square(), lambda u: 2 * (u - 1), math.e - 1),
    Neyman: Truth(lambda u: (1 - u).square() / u, lambda u: 2 * u.log(), math.e - 1),
    SquaredHellinger: Truth(
        lambda u: (u.sqrt() - 1).square(), lambda u: u.log() / 2, 2 * (1 - math.exp(-1 / 8))
    ),
    JensenShannon: Truth(
        lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(), torch.log, 0.222843
    ),
}
EACH = pytest.mark.parametrize("cls", TRUTHS)


def gaussian(mean: float) -> Tensor:
    return torch.exp(-(X - mean).square() / 2) / math.sqrt(2 * math.pi)


P, Q = gaussian(0), gaussian(1)


def mean(values: Tensor, density: Tensor) -> float:
    return float(torch.trapezoid(values * density, X))


def bound(cls: type[FGAN], v: Tensor) -> float:
    return mean(cls.variational(v), P) - mean(cls.conjugate(v), Q)


@EACH
def test_t_is_the_slope_of_f_and_its_conjugate_is_fenchels(cls: type[FGAN]) -> None:
    truth = TRUTHS[cls]
    u = torch.linspace(0.05, 6, 100, dtype=torch.float64).requires_grad_()
    (slope,) = torch.autograd.grad(truth.f(u).sum(), u)
    v = truth.logit(u.detach())
    torch.testing.assert_close(cls.variational(v), slope)
    torch.testing.assert_close(cls.conjugate(v), u.detach() * slope - truth.f(u.detach()))


@EACH
def test_the_bound_of_two_gaussians_is_their_divergence_to_three_digits(cls: type[FGAN]) -> None:
    truth = TRUTHS[cls]
    best = truth.logit(P / Q)
    assert bound(cls, best) == pytest.approx(truth.of_gaussians, abs=5e-4)
    assert mean(truth.f(P / Q), Q) == pytest.approx(truth.of_gaussians, abs=5e-4)
    for change in (0.1 * X.sin(), torch.full_like(X, 0.1), -0.1 * X.cos()):
        assert bound(cls, best + change) < truth.of_gaussians - 1e-4


def test_the_tables_gan_is_minimax() -> None:
    """2 JSD - log 4, from the losses of D alone: T(v) = -softplus(-v), f*(T(v)) = softplus(v)."""
    v = (P / Q).log()
    value = mean(-torch.nn.functional.softplus(-v), P) - mean(torch.nn.functional.softplus(v), Q)
    assert value == pytest.approx(-1.163451, abs=5e-7)
    real, fake = torch.linspace(-1, 3, 5), torch.linspace(-2, 1, 5)
    game, minimax = JensenShannon(FGANConfig()), losses.minimax
    apart = minimax.discriminator(real, fake) - game.discriminator(real, fake)
    assert float(apart) == pytest.approx(math.log(4))
    apart = minimax.generator(fake, None) - game.generator(fake, None)
    assert float(apart) == pytest.approx(-math.log(2))


@EACH
def test_d_maximises_the_bound_and_g_minimises_it(cls: type[FGAN]) -> None:
    real, fake = torch.linspace(-1, 3, 5), torch.linspace(-2, 1, 5)
    loss = cls(FGANConfig())
    value = cls.variational(real).mean() - cls.conjugate(fake).mean()
    torch.testing.assert_close(loss.discriminator(real, fake), -value)
    torch.testing.assert_close(loss.generator(fake, None), -cls.conjugate(fake).mean())
    other = cls(FGANConfig(saturating=False))
    torch.testing.assert_close(other.discriminator(real, fake), -value)
    torch.testing.assert_close(other.generator(fake, None), -cls.variational(fake).mean())


@EACH
def test_d_cannot_tell_where_the_ratio_is_1(cls: type[FGAN]) -> None:
    undecided = float(TRUTHS[cls].logit(torch.ones(())))
    assert cls(FGANConfig()).scores.belief(undecided) == 0.5


def test_the_setting_has_a_name() -> None:
    fake = torch.tensor([-3.0])
    assert loss_of("reverse-kl").generator(fake, None) == 4
    assert float(loss_of("reverse-kl:saturating=false").generator(fake, None)) == pytest.approx(
        math.exp(3)
    )
