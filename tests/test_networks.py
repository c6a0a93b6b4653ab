"""What lies between latents."""

import pytest
import torch

from ganzoo.networks import between, sample_prior

CPU = torch.device("cpu")


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_the_ends_are_the_latents_themselves(prior: str) -> None:
    start, end = sample_prior(prior, 6, 20, CPU), sample_prior(prior, 6, 20, CPU)
    torch.testing.assert_close(between(prior, start, end, torch.zeros(6)), start)
    torch.testing.assert_close(between(prior, start, end, torch.ones(6)), end)


def test_between_normal_latents_are_such_as_a_prior_draws() -> None:
    start, end = sample_prior("normal", 500, 100, CPU), sample_prior("normal", 500, 100, CPU)
    half = torch.full((500,), 0.5)
    around, straight = (between(prior, start, end, half) for prior in ("normal", "uniform"))
    assert around.std() == pytest.approx(1, abs=0.02)
    assert straight.std() == pytest.approx(0.5**0.5, abs=0.02)
    assert sample_prior("uniform", 9, 9, CPU).abs().max() <= 1


def test_a_way_around_a_circle() -> None:
    start, end = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    third = between("normal", start, end, torch.tensor([1 / 3]))
    torch.testing.assert_close(third, torch.tensor([[0.75**0.5, 1.0]]))


def test_to_itself_and_to_its_opposite_the_way_is_straight() -> None:
    one = torch.randn(1, 2, 3, 3)
    half = torch.tensor([0.5])
    torch.testing.assert_close(between("normal", one, one, half), one)
    torch.testing.assert_close(between("normal", one, -one, half), torch.zeros_like(one))
    assert between("normal", torch.zeros(1, 4), torch.zeros(1, 4), half).isfinite().all()
