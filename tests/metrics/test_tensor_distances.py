"""Distances between sets of numbers: closed forms, and scipy's in one dimension."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Generator, Tensor

from ganzoo.metrics.tensors import distances
from ganzoo.metrics.tensors.distances import energy_distance, sliced_wasserstein


def normal(n: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randn(n, *shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (40, 71), (5, 200)])
def test_in_one_dimension_both_are_scipys(n: int, m: int) -> None:
    one, other = normal(n, 1), 2 * normal(m, 1, seed=1) + 0.5
    flat = one.flatten().numpy(), other.flatten().numpy()
    assert sliced_wasserstein(one, other) == pytest.approx(stats.wasserstein_distance(*flat))
    assert energy_distance(one, other) == pytest.approx(stats.energy_distance(*flat))


def test_a_shift_is_seen_by_its_mean_projection() -> None:
    """In the plane the mean of |cos| over all directions is 2 / pi."""
    points = normal(300, 2)
    moved = points + torch.tensor([3.0, 0.0])
    assert sliced_wasserstein(points, moved, directions=20_000) == pytest.approx(
        3 * 2 / math.pi, rel=0.01
    )


def test_of_two_single_points_energy_is_their_distance() -> None:
    """sqrt(2 |x - y|)."""
    one, other = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
    assert energy_distance(one, other) == pytest.approx(math.sqrt(10))


def test_energy_is_that_of_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "ROWS", 3)
    one, other = normal(7, 2, 3), normal(5, 2, 3, seed=1)

    def mean(first: Tensor, second: Tensor) -> float:
        return float(np.mean([(x - y).norm().item() for x in first for y in second]))

    expected = math.sqrt(2 * mean(one, other) - mean(one, one) - mean(other, other))
    assert energy_distance(one, other) == pytest.approx(expected)


def test_the_same_samples_in_another_order_are_no_distance_away() -> None:
    volumes = torch.randint(256, (20, 1, 4, 4, 4), generator=Generator().manual_seed(0))
    bytes_ = volumes.to(torch.uint8)
    assert sliced_wasserstein(bytes_, bytes_.flip(0)) == pytest.approx(0, abs=1e-9)
    assert energy_distance(bytes_, bytes_.flip(0)) == pytest.approx(0, abs=1e-2)  # of 255


def test_a_seed_decides_the_lines() -> None:
    one, other = normal(30, 5), normal(30, 5, seed=1)
    values = [sliced_wasserstein(one, other, directions=3, seed=seed) for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_a_missing_mode_is_farther_than_another_draw() -> None:
    two = torch.cat((normal(200, 3), normal(200, 3, seed=1) + 5))
    again = torch.cat((normal(200, 3, seed=2), normal(200, 3, seed=3) + 5))
    for distance in (sliced_wasserstein, energy_distance):
        assert distance(two[:200], again) > 5 * distance(two, again)
