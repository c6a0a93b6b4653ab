"""Precision, recall, density and coverage: by brute force and by another library."""

import math

import numpy as np
import pytest
import torch
from helpers.normal import normal
from torch import Tensor

from ganzoo.metrics.images import manifold
from ganzoo.metrics.images.manifold import density_coverage, precision_recall


def clusters(n: int, which: range, seed: int, spread: float = 1.0, d: int = 8) -> Tensor:
    """Samples of Gaussians far from each other, equally many of each."""
    centres = 100 * normal(10, d, seed=99)
    labels = torch.arange(n) % len(which) + which.start
    return centres[labels] + spread * normal(n, d, seed=seed)


def brute_density_coverage(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float]:
    density, covered = 0, 0
    for i, centre in enumerate(real):
        others = [np.linalg.norm(centre - x) for j, x in enumerate(real) if j != i]
        radius = sorted(others)[k - 1]
        hits = sum(np.linalg.norm(centre - x) <= radius for x in fake)
        density += hits
        covered += hits > 0
    return density / (k * len(fake)), covered / len(real)


class TestManifold:
    @pytest.mark.parametrize("k", [1, 3, 7])
    def test_precision_and_recall_by_another_library(self, k: int) -> None:
        library = pytest.importorskip("torch_fidelity.metric_prc")
        real, fake = normal(300, 4, seed=0), 0.8 * normal(200, 4, seed=1) + 0.8
        theirs = library.prc_features_to_metric(
            fake, real, prc_neighborhood=k, prc_batch_size=10_000, verbose=False
        )
        precision, recall = precision_recall(real, fake, k)
        assert precision == pytest.approx(theirs["precision"], abs=1e-6)
        assert recall == pytest.approx(theirs["recall"], abs=1e-6)
        assert len({0, 1, precision, recall}) == 4

    @pytest.mark.parametrize("k", [1, 5])
    def test_density_and_coverage_by_brute_force(self, k: int) -> None:
        real, fake = normal(60, 3, seed=0), 0.8 * normal(45, 3, seed=1) + 0.5
        expected = brute_density_coverage(real.numpy(), fake.numpy(), k)
        assert density_coverage(real, fake, k) == pytest.approx(expected, rel=1e-12)

    def test_some_rows_at_a_time_are_as_good_as_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real, fake = normal(230, 4, seed=0), normal(170, 4, seed=1) + 0.7
        whole = precision_recall(real, fake), density_coverage(real, fake)
        monkeypatch.setattr(manifold, "ROWS", 40)
        assert (precision_recall(real, fake), density_coverage(real, fake)) == whole

    def test_what_a_perfect_generator_scores(self) -> None:
        """Lemmas 1 and 2 of Naeem et al. 2020."""
        n, m, k = 1000, 700, 5
        density, coverage = density_coverage(normal(n, 5, seed=0), normal(m, 5, seed=1), k)
        lacking = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
        assert density == pytest.approx(1, abs=0.1)
        assert coverage == pytest.approx(1 - lacking, abs=0.02)

    def test_a_copy_is_perfect(self) -> None:
        real = normal(200, 16, seed=0) + 50
        assert precision_recall(real, real.clone()) == (1, 1)
        assert density_coverage(real, real.clone())[1] == 1

    def test_features_of_few_values(self) -> None:
        """All of a ball's samples are at its centre, and a copy is there too."""
        real, fake = torch.eye(4).repeat(30, 1), torch.eye(4)[:2].repeat(20, 1)
        assert precision_recall(real, fake) == (1, 0.5)
        assert density_coverage(real, fake) == (6, 0.5)

    def test_equal_features_lie_in_each_others_balls(self) -> None:
        """Whose radius is 0, though no distance that is computed is quite so."""
        real = (normal(10, 128, seed=0) * 30).repeat(20, 1)
        assert precision_recall(real, real.clone()) == (1, 1)
        assert density_coverage(real, real.clone()) == (20 / 5, 1)

    def test_float32_features_far_from_the_origin(self) -> None:
        real, fake = ((normal(200, 4, seed=s) + 3000).float() for s in (0, 1))
        exact = real.double() - 3000, fake.double() - 3000
        assert precision_recall(real, fake) == precision_recall(*exact)
        assert density_coverage(real, fake) == density_coverage(*exact)

    def test_dropped_clusters_cost_recall_and_coverage(self) -> None:
        real = clusters(1000, range(10), seed=0)
        whole, half = clusters(1000, range(10), seed=1), clusters(1000, range(5), seed=1)
        precision, recall = precision_recall(real, whole)
        half_precision, half_recall = precision_recall(real, half)
        assert half_precision == pytest.approx(precision, abs=0.05)
        assert half_recall == pytest.approx(recall / 2, abs=0.05)
        density, coverage = density_coverage(real, whole)
        half_density, half_coverage = density_coverage(real, half)
        assert half_density == pytest.approx(density, rel=0.1)
        assert half_coverage == pytest.approx(coverage / 2, abs=0.05)

    def test_noise_costs_precision_and_density(self) -> None:
        real = clusters(1000, range(10), seed=0)
        clean, noisy = clusters(1000, range(10), seed=1), clusters(1000, range(10), 1, spread=3)
        assert precision_recall(real, clean)[0] > 0.8
        assert precision_recall(real, noisy)[0] < 0.2
        assert density_coverage(real, clean)[0] > 0.8
        assert density_coverage(real, noisy)[0] < 0.2

    def test_strays_raise_recall_but_not_coverage(self) -> None:
        real, fake = normal(500, 4, seed=0), 0.1 * normal(500, 4, seed=1)
        strays = torch.cat([fake, 30 * normal(4, 4, seed=2)])
        assert precision_recall(real, fake)[1] < 0.1
        assert precision_recall(real, strays)[1] > 0.5
        assert density_coverage(real, strays)[1] == pytest.approx(
            density_coverage(real, fake)[1], abs=0.01
        )
