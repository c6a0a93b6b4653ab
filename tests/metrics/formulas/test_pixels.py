"""What is computed of pixels: copies of training images, and Parzen windows."""

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
import torch
from helpers.normal import normal
from torch import Tensor

from ganzoo.metrics.images import memory, parzen


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
