"""Losses against their papers' equations, written with probabilities in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganzoo import losses
from ganzoo.plugins.registry import registry

LOGITS = st.lists(st.floats(-8, 8), min_size=1, max_size=9)


def tensors(real: list[float], fake: list[float]) -> tuple[Tensor, Tensor]:
    return torch.tensor(real, dtype=torch.float64), torch.tensor(fake, dtype=torch.float64)


def log_d(logits: Tensor) -> Tensor:
    return torch.log(1 / (1 + torch.exp(-logits)))


def log_not_d(logits: Tensor) -> Tensor:
    return torch.log(1 - 1 / (1 + torch.exp(-logits)))


@given(LOGITS, LOGITS)
def test_minimax_is_equation_1(real_logits: list[float], fake_logits: list[float]) -> None:
    real, fake = tensors(real_logits, fake_logits)
    value = log_d(real).mean() + log_not_d(fake).mean()
    assert losses.minimax.discriminator(real, fake) == pytest.approx(-value.item())
    generator = losses.minimax.generator(fake, None)
    assert generator == pytest.approx(log_not_d(fake).mean().item())


@given(LOGITS, LOGITS)
def test_non_saturating_maximises_log_d(real_logits: list[float], fake_logits: list[float]) -> None:
    real, fake = tensors(real_logits, fake_logits)
    expected = -log_d(real).mean() - log_not_d(fake).mean()
    assert losses.non_saturating.discriminator(real, fake) == pytest.approx(expected.item())
    assert losses.non_saturating.generator(fake, None) == pytest.approx(-log_d(fake).mean().item())


@given(LOGITS, LOGITS)
def test_relativistic_average(real_logits: list[float], fake_logits: list[float]) -> None:
    real, fake = tensors(real_logits, fake_logits)
    d_real, d_fake = real - fake.mean(), fake - real.mean()
    loss = losses.relativistic_average
    expected = -log_d(d_real).mean() - log_not_d(d_fake).mean()
    assert loss.discriminator(real, fake) == pytest.approx(expected.item())
    expected = -log_d(d_fake).mean() - log_not_d(d_real).mean()
    assert loss.generator(fake, real) == pytest.approx(expected.item())


def test_values_by_hand() -> None:
    real, fake = tensors([0.5, 2.0], [-3.0, 1.0])
    least_squares = losses.least_squares
    assert least_squares.discriminator(real, fake) == (0.25 + 1) / 4 + (9 + 1) / 4
    assert least_squares.generator(fake, None) == (16 + 0) / 4
    assert losses.hinge.discriminator(real, fake) == 0.5 / 2 + 2 / 2
    assert losses.hinge.generator(fake, None) == 1.0
    assert losses.wasserstein.discriminator(real, fake) == -1 - 1.25
    assert losses.wasserstein.generator(fake, None) == 1.0


def test_equilibrium_values() -> None:
    """Where D cannot tell, V(D, G) is -log 4 (Goodfellow et al. 2014, theorem 1)."""
    zero = torch.zeros(5, dtype=torch.float64)
    assert losses.minimax.discriminator(zero, zero) == pytest.approx(math.log(4))
    assert losses.minimax.generator(zero, None) == pytest.approx(-math.log(2))
    assert losses.non_saturating.generator(zero, None) == pytest.approx(math.log(2))


@pytest.mark.parametrize("logit", [-200.0, -25.0, 25.0, 200.0])
def test_confident_logits_keep_their_gradient(logit: float) -> None:
    """`log(sigmoid + eps)` gives -0.0014 where the true gradient is -1."""
    fake = torch.full((1,), logit, requires_grad=True)
    loss = losses.non_saturating.generator(fake, None)
    (grad,) = torch.autograd.grad(loss, fake)
    assert math.isfinite(loss.item())
    assert grad.item() == pytest.approx(-1 / (1 + math.exp(logit)) if logit < 100 else 0, rel=1e-5)


def test_every_registered_loss_pushes_both_sides_the_right_way() -> None:
    """D's step raises real logits and lowers fake ones; G's step raises fake ones."""
    names = [row.spec.name for row in registry().losses()]
    assert {"minimax", "non-saturating", "least-squares", "hinge", "wasserstein"} < set(names)
    for name in names:
        loss = registry().loss(name).load()
        real = torch.tensor([0.2, -0.1], requires_grad=True)
        fake = torch.tensor([0.1, -0.3], requires_grad=True)
        d_real, d_fake = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
        (g_fake,) = torch.autograd.grad(
            loss.generator(fake, real if loss.generator_sees_real else None), fake
        )
        assert (d_real < 0).all(), name
        assert (d_fake > 0).all() or name == "least-squares", name
        assert (g_fake < 0).all(), name


def test_what_verdicts_are_worth() -> None:
    """Mao et al. judge by 1 and 0, energies are low for what is real."""
    assert losses.non_saturating.scores.belief(0.3) == 0.3
    assert losses.least_squares.scores.belief(0.5) == 0.5
    assert losses.hinge.scores.belief(math.log(3)) == pytest.approx(0.75)
    energy = losses.Scores(1.0, probability=False, sign=-1)
    assert energy.belief(1.0) == 0.5
    assert energy.belief(0.0) > 0.5 > energy.belief(2.0)
    assert losses.hinge.scores.belief(1e9) == 1
    assert losses.relativistic_average.scores.undecided is None
