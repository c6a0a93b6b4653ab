"""Distances of features: closed forms, brute force, and another library, in float64."""

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
import torch
from helpers.normal import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.images.kernel import kernel_distance

SEEDS = st.integers(0, 2**32)
SIZES = st.integers(2, 60)
DIMENSIONS = st.integers(1, 12)


def with_moments(mean: Tensor, covariance: Tensor, n: int, seed: int) -> Tensor:
    """A sample that has exactly these moments."""
    x = normal(n, len(mean), seed=seed)
    x = x - x.mean(0)
    white = x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T
    return white @ torch.linalg.cholesky(covariance).T + mean


def covariance(d: int, seed: int) -> Tensor:
    x = normal(2 * d, d, seed=seed)
    return x.T @ x / d


def by_sqrtm(mean: Tensor, a: Tensor, other: Tensor, b: Tensor) -> float:
    root = scipy.linalg.sqrtm((a @ b).numpy())
    return ((mean - other).square().sum() + (a + b).trace()).item() - 2 * np.trace(root).real


def rotation(d: int, seed: int) -> Tensor:
    return torch.linalg.qr(normal(d, d, seed=seed)).Q


class TestFrechet:
    def test_gaussians_whose_covariances_commute(self) -> None:
        """There it is the distance of the means and of the standard deviations."""
        mean, other = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 0.5]], dtype=torch.float64)
        std, other_std = torch.tensor([[1.0, 2.0, 0.1], [0.5, 2.0, 3.0]], dtype=torch.float64)
        axes = rotation(3, seed=0)
        real = with_moments(mean, axes @ torch.diag(std**2) @ axes.T, 50, seed=1)
        fake = with_moments(other, axes @ torch.diag(other_std**2) @ axes.T, 70, seed=2)
        expected = 1 + 25 + 0.5**2 + 2.9**2
        assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("d", [2, 10, 64])
    def test_gaussians_whose_covariances_do_not(self, d: int) -> None:
        mean, other = normal(2, d, seed=0)
        a, b = covariance(d, seed=1), covariance(d, seed=2)
        distance = frechet_distance(with_moments(mean, a, 200, 3), with_moments(other, b, 300, 4))
        assert distance == pytest.approx(by_sqrtm(mean, a, other, b), rel=1e-9)
        assert (a @ b - b @ a).abs().max() > 0.01

    def test_another_library(self) -> None:
        library = pytest.importorskip("torch_fidelity.metric_fid")
        real, fake = normal(300, 20, seed=0).exp(), 1.3 * normal(200, 20, seed=1) + 0.2
        statistics = map(library.fid_features_to_statistics, (real, fake))
        (theirs,) = library.fid_statistics_to_metric(*statistics, verbose=False).values()
        assert frechet_distance(real, fake) == pytest.approx(theirs, rel=1e-9)

    def test_fewer_samples_than_dimensions(self) -> None:
        """Of a covariance that is scaled: (1 - 3)² tr A, however singular A is."""
        real = normal(30, 200, seed=0)
        trace = real.T.cov().trace().item()
        assert frechet_distance(real, 3 * real) == pytest.approx(
            4 * trace + 4 * real.mean(0).square().sum().item(), rel=1e-12
        )
        assert frechet_distance(real, real + 1) == pytest.approx(200, rel=1e-12)

    def test_fewer_samples_in_subspaces_that_do_not_meet(self) -> None:
        """There the root of the product is zero, and the traces add up."""
        x, zero = normal(9, 20, seed=0), torch.zeros(9, 20, dtype=torch.float64)
        x = x - x.mean(0)
        distance = frechet_distance(torch.cat([x, zero], 1), torch.cat([zero, 2 * x], 1))
        assert distance == pytest.approx(5 * x.T.cov().trace().item(), rel=1e-12)

    def test_small_differences_on_a_large_offset_in_float32(self) -> None:
        """Products about the origin, or in float32, would leave nothing of them."""
        real, fake = (0.01 * normal(n, 8, seed=n).float() + 1000 for n in (200, 300))
        (mean, a), (other, b) = ((x.double().mean(0), x.double().T.cov()) for x in (real, fake))
        expected = by_sqrtm(mean, a, other, b)
        assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)

    @given(SEEDS, SIZES, SIZES, DIMENSIONS)
    @settings(max_examples=50, deadline=None)
    def test_symmetric_and_unmoved_by_rotation_and_shift(
        self, seed: int, n: int, m: int, d: int
    ) -> None:
        real, fake = normal(n, d, seed=seed), 2 * normal(m, d, seed=seed + 1) + 1
        distance = frechet_distance(real, fake)
        turn, shift = rotation(d, seed=seed + 2), normal(d, seed=seed + 3)
        assert frechet_distance(fake, real) == pytest.approx(distance, rel=1e-9)
        moved = frechet_distance(real @ turn + shift, fake @ turn + shift)
        assert moved == pytest.approx(distance, rel=1e-9)

    @given(SEEDS, SIZES, DIMENSIONS)
    @settings(max_examples=50, deadline=None)
    def test_zero_for_the_same_samples_in_any_order(self, seed: int, n: int, d: int) -> None:
        x = normal(n, d, seed=seed)
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
        assert 0 <= frechet_distance(x, x[order]) < 1e-10


def brute_kernel_distance(x: Tensor, y: Tensor) -> float:
    """Sums over pairs, as the estimator is written in papers."""

    def k(a: Tensor, b: Tensor) -> float:
        return (torch.dot(a, b).item() / len(a) + 1) ** 3

    n, m = len(x), len(y)
    within = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    others = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within + others - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


class TestKernel:
    def test_brute_force_over_sets_of_unequal_size(self) -> None:
        x, y = normal(17, 5, seed=0), normal(23, 5, seed=1) + 0.5
        assert kernel_distance(x, y) == pytest.approx(brute_kernel_distance(x, y), rel=1e-12)

    def test_another_library(self) -> None:
        library = pytest.importorskip("torch_fidelity.metric_kid")
        x, y = normal(150, 6, seed=0), normal(150, 6, seed=1) * 1.2
        theirs = library.kid_features_to_metric(
            x, y, kid_subsets=1, kid_subset_size=150, verbose=False
        )
        assert kernel_distance(x, y, size=150) == pytest.approx(
            theirs["kernel_inception_distance_mean"], rel=1e-12
        )

    def test_subsets_come_to_what_the_whole_sets_do(self) -> None:
        x, y = normal(400, 6, seed=0), normal(400, 6, seed=1) * 1.5 + 0.3
        whole = kernel_distance(x, y)
        parts = kernel_distance(x, y, subsets=200, size=100)
        assert parts == pytest.approx(whole, rel=0.05)
        assert parts != pytest.approx(whole, rel=1e-9)
        assert kernel_distance(x, y, subsets=200, size=100, seed=0) == parts
        assert kernel_distance(x, y, subsets=200, size=100, seed=1) != parts
        few = kernel_distance(x[:90], y, subsets=200, size=100)
        assert few == pytest.approx(kernel_distance(x[:90], y), rel=0.05)

    def test_unbiased(self) -> None:
        """With few samples too, it is 0 on average where there is no difference."""
        values = [
            kernel_distance(normal(30, 4, seed=2 * i), normal(20, 4, seed=2 * i + 1))
            for i in range(400)
        ]
        error = np.std(values) / math.sqrt(len(values))
        assert abs(np.mean(values)) < 3 * error
        assert 0.2 < np.mean(np.array(values) < 0) < 0.8

    def test_known_moments(self) -> None:
        """In one dimension the kernel sees the first three moments: 3 Δm₁² + 3 Δm₂² + Δm₃²."""
        x, y = normal(40_000, 1, seed=0), normal(40_000, 1, seed=1) + 1
        expected = 3 * 1**2 + 3 * (2 - 1) ** 2 + (1 + 3) ** 2
        assert kernel_distance(x, y, subsets=40) == pytest.approx(expected, rel=0.06)
