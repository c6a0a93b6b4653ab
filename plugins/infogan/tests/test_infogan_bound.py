"""InfoGAN's bound of the mutual information, in closed form and by a Q that knows."""

import math
from collections.abc import Callable

import pytest
import torch
from ganzoo_infogan.bound import categorical_bound, continuous_bound
from ganzoo_infogan.variant import InfoGAN
from scipy.stats import norm
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo import Batch

LN_10 = 2.302585


class Knowing(nn.Module):
    """A Q that is told the codes of the latents drawn last, and says them, times a number."""

    def __init__(self, variant: InfoGAN, sure: float) -> None:
        super().__init__()
        self.sure, self.latent = sure, torch.empty(0)
        draw = variant.sample_latent

        def remember(n: int) -> Tensor:
            self.latent = draw(n)
            return self.latent

        variant.sample_latent = remember  # type: ignore[method-assign]
        variant.recognition = self  # type: ignore[assignment]
        self.latents = variant.latents

    def forward(self, features: Tensor) -> Tensor:
        code = self.latents.code(self.latent)
        return torch.cat((self.sure * code.c1, (self.sure > 0) * code.continuous), 1)


def test_the_bound_of_a_perfect_q_is_the_entropy_of_the_code() -> None:
    """ln 10; a softmax before the cross-entropy could not get above 0.84."""
    c1 = one_hot(torch.arange(10), 10).float()
    assert categorical_bound(50 * c1, c1).item() == pytest.approx(LN_10, abs=1e-6)
    assert math.log(10) == pytest.approx(LN_10, abs=1e-6)


def test_the_bound_of_an_ignorant_q_is_0() -> None:
    c1 = one_hot(torch.arange(10), 10).float()
    assert categorical_bound(torch.full((10, 10), 3.0), c1).item() == pytest.approx(0, abs=1e-6)


def test_the_bound_of_a_q_that_errs_is_below_0_and_never_above_the_entropy() -> None:
    torch.manual_seed(0)
    c1 = one_hot(torch.arange(10), 10).float()
    assert categorical_bound(5 * c1.roll(1, 0), c1) < 0
    for _ in range(20):
        assert categorical_bound(9 * torch.randn(10, 10), c1) <= LN_10


@pytest.mark.parametrize("std", [1.0, 0.3])
def test_the_gaussian_part_is_its_log_likelihood(std: float) -> None:
    torch.manual_seed(0)
    mean, c = torch.randn(6, 2).double(), torch.rand(6, 2).double() * 2 - 1
    log_std = torch.full((6, 2), math.log(std), dtype=torch.float64)
    expected = norm(mean.numpy(), std).logpdf(c.numpy()).sum(1).mean() + 2 * math.log(2)
    assert continuous_bound(mean, log_std, c).item() == pytest.approx(expected, rel=1e-12)


def test_the_gaussian_part_in_closed_form() -> None:
    """-(c - μ)²/2 - ln(2π)/2 + ln 2 for a std of 1: at most ln 2 - 0.9189, in the perfect case."""
    c, sure = torch.tensor([[0.5], [-1.0]]), torch.zeros(2, 1)
    perfect = math.log(2) - math.log(2 * math.pi) / 2
    assert continuous_bound(c, sure, c).item() == pytest.approx(perfect)
    assert perfect == pytest.approx(-0.22579, abs=1e-5)
    off = continuous_bound(c + 3, sure, c).item()
    assert off == pytest.approx(perfect - 9 / 2)


def test_both_players_minimise_the_bound_with_one_weight_for_both_kinds_of_code(
    make: Callable[..., InfoGAN], batch_of: Callable[..., Batch]
) -> None:
    """Others give the continuous codes a tenth of it, and take squares for log-likelihoods."""
    losses: dict[float, tuple[float, float]] = {}
    for weight in (0.0, 1.0, 3.0):
        variant, batch = make(info_weight=weight), batch_of()
        Knowing(variant, sure=50)
        torch.manual_seed(1)
        losses[weight] = (
            variant.discriminator_loss(batch).item(),
            variant.generator_loss(batch).item(),
        )
        assert batch.metrics["categorical_bound"].item() == pytest.approx(LN_10, abs=1e-5)
        assert batch.metrics["continuous_bound"].item() == pytest.approx(2 * -0.22579, abs=1e-4)
    bound = LN_10 - 2 * 0.22579
    for player in range(2):
        for weight in (1.0, 3.0):
            less = losses[0.0][player] - losses[weight][player]
            assert less == pytest.approx(weight * bound, abs=1e-4)


def test_where_nothing_is_known_the_losses_are_those_of_a_gan(
    make: Callable[..., InfoGAN], batch_of: Callable[..., Batch]
) -> None:
    variant, batch = make(continuous=0), batch_of()
    Knowing(variant, sure=0)
    nn.init.zeros_(variant.discriminator[0].weight)
    assert variant.discriminator_loss(batch).item() == pytest.approx(2 * math.log(2))
    assert variant.generator_loss(batch).item() == pytest.approx(math.log(2))
    assert batch.metrics["real_score"].item() == batch.metrics["fake_score"].item() == 0.5
    assert "continuous_bound" not in batch.metrics


def test_a_learned_std_is_that_of_q(make: Callable[..., InfoGAN]) -> None:
    """Half the exponent of a variance: the last outputs of Q."""
    variant = make(learn_std=True)
    torch.nn.init.zeros_(variant.recognition[-1].weight)
    with torch.no_grad():
        variant.recognition[-1].bias.copy_(torch.arange(14.0))
    told, log_std = variant.recognise(torch.randn(3, 64))
    assert told.c1[0].tolist() == [*range(10)]
    assert told.continuous[0].tolist() == [10, 11]
    assert log_std[0].tolist() == [6, 6.5]
    _, fixed = make().recognise(torch.randn(3, 64))
    assert not fixed.any()
