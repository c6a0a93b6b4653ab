"""Losses against their papers' equations, written with probabilities in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganzoo import AdversarialConfig, GanzooError, losses
from ganzoo.config import build
from ganzoo.plugins.equip import equipped, loss_of
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
        loss = loss_of(name)
        real = torch.tensor([0.2, -0.1], requires_grad=True)
        fake = torch.tensor([-0.1, -0.3], requires_grad=True)  # where G is found out, if by little
        d_real, d_fake = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
        (g_fake,) = torch.autograd.grad(
            loss.generator(fake, real if loss.generator_sees_real else None), fake
        )
        assert (d_real < 0).all(), name
        assert (d_fake > 0).all() or name == "least-squares", name  # its target for them is 0
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


PAIRS = st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=1, max_size=9)


@given(PAIRS)
def test_relativistic_judges_pairs(pairs: list[tuple[float, float]]) -> None:
    real, fake = tensors(*map(list, zip(*pairs, strict=True)))
    loss = losses.relativistic
    assert loss.discriminator(real, fake) == pytest.approx(-log_d(real - fake).mean().item())
    assert loss.generator(fake, real) == pytest.approx(-log_d(fake - real).mean().item())


@pytest.mark.parametrize("name", ["relativistic", "relativistic-average"])
def test_relativistic_losses_know_no_level(name: str) -> None:
    """A constant that D adds to all changes neither losses nor gradients."""
    loss = loss_of(name)

    def sides(shift: float) -> list[Tensor]:
        real = torch.linspace(-1, 2, 5, dtype=torch.float64).requires_grad_()
        fake = torch.linspace(1, -2, 5, dtype=torch.float64).requires_grad_()
        values = [loss.discriminator(real + shift, fake + shift)]
        values.append(loss.generator(fake + shift, real + shift))
        grads = [g for v in values for g in torch.autograd.grad(v, (real, fake))]
        return [*values, *grads]

    for one, other in zip(sides(0.0), sides(7.0), strict=True):
        torch.testing.assert_close(one, other)


def test_a_relativistic_d_that_cannot_tell_loses_log_2() -> None:
    zero = torch.zeros(5, dtype=torch.float64)
    assert losses.relativistic.discriminator(zero, zero) == pytest.approx(math.log(2))
    assert losses.relativistic.generator(zero, zero) == pytest.approx(math.log(2))


def test_of_the_average_each_side_is_a_sum_as_in_the_paper_and_no_mean() -> None:
    """2 ln 2 where D cannot tell; the authors' code has half of it."""
    zero = torch.zeros(5, dtype=torch.float64)
    assert losses.relativistic_average.discriminator(zero, zero) == pytest.approx(2 * math.log(2))
    assert losses.relativistic_average.generator(zero, zero) == pytest.approx(2 * math.log(2))


def test_least_squares_has_three_constants() -> None:
    loss = loss_of("least-squares:a=-1,b=1,c=0")
    real, fake = tensors([0.5, 2.0], [-3.0, 1.0])
    assert loss.discriminator(real, fake) == (0.25 + 1) / 4 + (4 + 4) / 4
    assert loss.generator(fake, None) == (9 + 1) / 4
    assert loss.scores.belief(0.0) == 0.5
    energy = loss_of("least-squares:a=1,b=0,c=0")
    assert energy.scores.belief(0.0) > 0.5 > energy.scores.belief(1.0)
    assert loss_of("least-squares").generator(fake, None) == losses.least_squares.generator(
        fake, None
    )


def test_least_squares_with_minus_1_1_and_0_is_pearsons_divergence() -> None:
    """Mao et al. 2017, on three atoms: D* = (p - q) / (p + q), and then χ²(p + q, 2q)."""
    loss = loss_of("least-squares:a=-1,b=1,c=0")
    p, q = tensors([0.5, 0.3, 0.2], [0.1, 0.3, 0.6])
    real, fake = ([i for i in range(3) for _ in range(round(10 * float(m[i])))] for m in (p, q))
    best = ((p - q) / (p + q)).requires_grad_()
    (slope,) = torch.autograd.grad(loss.discriminator(best[real], best[fake]), best)
    torch.testing.assert_close(slope, torch.zeros(3, dtype=torch.float64))
    value = loss.generator(best[real], None) + loss.generator(best[fake], None)
    chi = ((p + q - 2 * q).square() / (p + q)).sum()
    assert 2 * value.item() == pytest.approx(float(chi))


def test_a_loss_is_equipped_with_the_settings_that_its_text_has() -> None:
    config = equipped(build(AdversarialConfig, {"loss": "least-squares:c=0.9"}))
    assert config.loss.generator(torch.full((3,), 0.9), None) == 0
    assert equipped(build(AdversarialConfig, {"loss": "hinge"})).loss is losses.hinge


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hinge,minimax", "--loss hinge,minimax names 2 losses: give one"),
        ("hinge:a=1", "--loss hinge has no settings: leave out a"),
        ("least-squares:a=1", "--loss least-squares: a and b must differ"),
        ("least-squares:d=1", "--loss least-squares: there is no setting 'd'"),
        ("", "there is no loss ''"),
    ],
)
def test_a_loss_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(GanzooError, match=f"^{message}"):
        loss_of(text)
