"""Metrics with known answers: closed forms, brute force, and another library, in float64."""

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganzoo.metrics.images import classes, manifold, memory, parzen
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.images.kernel import kernel_distance
from ganzoo.metrics.images.manifold import density_coverage, precision_recall
from ganzoo.metrics.images.nearest_class import nearest_error

SEEDS = st.integers(0, 2**32)
SIZES = st.integers(2, 60)
DIMENSIONS = st.integers(1, 12)


def normal(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


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


SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


class TestClasses:
    @pytest.mark.parametrize("count", [2, 10])
    def test_clear_and_even_classes_score_their_number(self, count: int) -> None:
        assert classes.classifier_score(torch.eye(count).repeat(7, 1)) == pytest.approx(count)

    def test_one_answer_to_everything_scores_one(self) -> None:
        assert classes.classifier_score(torch.tensor([[0.2, 0.5, 0.3]] * 9)) == pytest.approx(1)
        assert classes.classifier_score(torch.tensor([[0.0, 1.0, 0.0]] * 9)) == pytest.approx(1)

    def test_score_by_another_library(self) -> None:
        library = pytest.importorskip("torch_fidelity.metric_isc")
        logits = 3 * normal(200, 10, seed=0)
        theirs = library.isc_features_to_metric(logits, splits=1)["inception_score_mean"]
        assert classes.classifier_score(logits.softmax(1)) == pytest.approx(theirs, rel=1e-12)

    def test_histogram(self) -> None:
        share = classes.histogram(torch.tensor([3, 0, 0, 3, 3, 1, 0, 0]), 5)
        assert share.tolist() == [0.5, 0.125, 0, 0.375, 0]

    @given(SHARES, SHARES)
    def test_divergence_is_scipys(self, share: list[float], reference: list[float]) -> None:
        p, q = (torch.tensor(x, dtype=torch.float64) for x in (share, reference))
        p, q = p / p.sum(), q / q.sum()
        expected = scipy.stats.entropy(p.numpy(), q.numpy())
        assert classes.kl_divergence(p, q) == pytest.approx(expected, abs=1e-12)

    def test_divergence_where_classes_are_missing(self) -> None:
        half, whole = torch.tensor([0.5, 0.5, 0, 0]), torch.tensor([0.25, 0.25, 0.25, 0.25])
        assert classes.kl_divergence(half, whole) == pytest.approx(math.log(2))
        assert classes.kl_divergence(half, half) == 0
        assert classes.kl_divergence(whole, half) == math.inf

    def test_a_few_misread_images_cover_no_class_of_ten(self) -> None:
        labels = torch.cat([torch.arange(8).repeat(1250), torch.tensor([8] * 29 + [9] * 31)])
        assert classes.classes_covered(labels, 10) == 9

    def test_one_image_covers_a_class_of_a_thousand(self) -> None:
        labels = torch.cat([torch.arange(990), torch.zeros(25_010, dtype=torch.int64)])
        assert classes.classes_covered(labels, 1000) == 990
        assert classes.classes_covered(torch.tensor([4]), 10) == 1


def noise_images(n: int, seed: int, shape: tuple[int, ...] = (1, 12, 12)) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=generator)


class TestMemory:
    def test_distances_are_exact(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Against Python's integers, over several blocks; float32 is off by some."""
        monkeypatch.setattr(memory, "ROWS", 7)
        monkeypatch.setattr(memory, "BLOCK", 30)
        images, training = noise_images(20, 0, (3, 32, 32)), noise_images(100, 1, (3, 32, 32))
        distances, indices = memory.nearest(images, training, count=3)
        differences = images[:, None].long() - training[None].long()
        squares = differences.square().sum((2, 3, 4))
        expected = squares.topk(3, largest=False)
        assert torch.equal(distances, expected.values.double().sqrt())
        assert torch.equal(indices, expected.indices)
        assert expected.values.max() > 2**24

    def test_a_last_block_smaller_than_the_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "BLOCK", 30)
        training = noise_images(31, 0)
        distances, indices = memory.nearest(training[[30, 2]], training, count=31)
        assert distances[:, 0].tolist() == [0, 0]
        assert indices[:, 0].tolist() == [30, 2]
        assert indices.sort(1).values.tolist() == [list(range(31))] * 2

    def test_the_nearest_differ_by_one_level_of_one_pixel(self) -> None:
        bright = torch.full((40, 1, 64, 64), 255, dtype=torch.uint8)
        for i in range(40):
            bright[i].view(-1)[: 40 - i] = 254
        distances, indices = memory.nearest(bright[-1:] + torch.zeros(1, dtype=torch.uint8), bright)
        assert indices.tolist() == [[39, 38]]
        assert distances.tolist() == [[0, 1]]

    def test_copies_are_memorised(self) -> None:
        training = noise_images(300, 0)
        copies = training[torch.arange(0, 300, 2)]
        distances, indices = memory.nearest(copies, training)
        assert indices[:, 0].tolist() == list(range(0, 300, 2))
        assert memory.memorised(distances) == 1

    def test_copies_with_a_little_noise_are_memorised(self) -> None:
        training = noise_images(300, 0)
        generator = torch.Generator().manual_seed(1)
        step = torch.randint(-1, 2, training.shape, generator=generator)
        noisy = (training.long() + step).clamp(0, 255).to(torch.uint8)
        assert memory.memorised(memory.nearest(noisy, training)[0]) == 1

    def test_new_images_are_not(self) -> None:
        training, new = noise_images(300, 0), noise_images(100, 1)
        assert memory.memorised(memory.nearest(new, training)[0]) == 0
        mixed = torch.cat([new[:75], training[:25]])
        assert memory.memorised(memory.nearest(mixed, training)[0]) == 0.25

    def test_a_copy_of_an_image_that_is_there_twice_is_memorised(self) -> None:
        training = noise_images(50, 0).repeat(2, 1, 1, 1)
        assert memory.memorised(memory.nearest(training[:50], training)[0]) == 1

    def test_the_bound_is_a_third(self) -> None:
        pairs = torch.tensor([[0.99, 3.0], [1.01, 3.0], [0.0, 0.0], [5.0, 5.0]])
        assert memory.memorised(pairs) == 0.5


def brute_densities(samples: Tensor, images: Tensor, sigma: float) -> np.ndarray:
    samples, images = samples.double().flatten(1), images.double().flatten(1)
    squares = ((images[:, None] - samples[None]) ** 2).sum(2).numpy()
    logs = scipy.special.logsumexp(-squares / (2 * sigma**2), axis=1, b=1 / len(samples))
    return logs - samples.shape[1] / 2 * math.log(2 * math.pi * sigma**2)


class TestParzen:
    @pytest.mark.parametrize("sigma", [0.1, 0.2, 1.0])
    def test_brute_force_in_784_dimensions(
        self, sigma: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(parzen, "ROWS", 13)
        samples, test = (normal(n, 1, 28, 28, seed=n).sigmoid().float() for n in (60, 50))
        densities = brute_densities(samples, test, sigma)
        mean, error = parzen.log_likelihood(samples, test, sigma)
        assert mean == pytest.approx(densities.mean(), rel=1e-10)
        assert error == pytest.approx(scipy.stats.sem(densities), rel=1e-6)

    def test_one_gaussian(self) -> None:
        sample, test = torch.full((1, 5), 0.5), torch.full((2, 5), 0.5)
        test[1, 0] = 0.8
        at_centre = -5 / 2 * math.log(2 * math.pi * 0.1**2)
        mean, error = parzen.log_likelihood(sample, test, 0.1)
        assert mean == pytest.approx(at_centre - 0.5 * 4.5)
        assert error == pytest.approx(4.5 / 2)
        again, _ = parzen.log_likelihood(sample.repeat(40, 1), test, 0.1)
        assert again == pytest.approx(mean)

    def test_a_far_image_does_not_underflow(self) -> None:
        """exp(-39200) is 0 in any floating point; its logarithm is not."""
        mean, _ = parzen.log_likelihood(torch.zeros(30, 784), torch.ones(30, 784), 0.1)
        assert mean == pytest.approx(-784 * (50 + math.log(0.1 * math.sqrt(2 * math.pi))))

    def test_the_widths_are_the_papers(self) -> None:
        assert np.logspace(-1, 0, 10) == pytest.approx(parzen.WIDTHS)

    @pytest.mark.parametrize("spread", [0.05, 0.2, 0.5, 3.0])
    def test_the_width_is_the_likeliest_for_validation(self, spread: float) -> None:
        samples, validation = (spread * normal(n, 10, seed=n) for n in (200, 40))
        likelihoods = [brute_densities(samples, validation, s).mean() for s in parzen.WIDTHS]
        sigma = parzen.choose_sigma(samples, validation)
        assert sigma == parzen.WIDTHS[int(np.argmax(likelihoods))]

    def test_the_width_follows_the_data(self) -> None:
        widths = [
            parzen.choose_sigma(spread * normal(200, 10, seed=0), spread * normal(40, 10, seed=1))
            for spread in (0.1, 0.4, 1.0)
        ]
        assert widths[0] < widths[1] < widths[2]


class TestNearestClass:
    def test_against_brute_force(self) -> None:
        generator = torch.Generator().manual_seed(0)

        def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:
            images = torch.randint(256, (n, 1, 4, 4), generator=generator, dtype=torch.uint8)
            return images, torch.randint(3, (n,), generator=generator)

        images, labels = draw(2100)  # more than a block
        test, truth = draw(50)
        wrong = 0
        for image, label in zip(test, truth, strict=True):
            distance = (images.int() - image.int()).square().flatten(1).sum(1)
            wrong += int(labels[distance.argmin()] != label)
        assert nearest_error(images, labels, test, truth) == wrong / 50
        assert nearest_error(test, truth, test, truth) == 0
