"""How like images are: closed forms, and a loop over windows."""

import math

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from ganzoo.metrics.pixels.likeness import l1, psnr, sharpness, ssim


def noise(n: int, *shape: int, seed: int = 0) -> Tensor:
    generator = Generator().manual_seed(seed)
    return torch.randint(256, (n, *shape), generator=generator, dtype=torch.uint8)


def plain(value: int, *shape: int) -> Tensor:
    return torch.full(shape, value, dtype=torch.uint8)


def test_equal_images() -> None:
    images = noise(40, 3, 16, 16)
    assert l1(images, images) == 0
    assert ssim(images, images) == pytest.approx(1, abs=1e-12)
    assert psnr(images, images) == pytest.approx(10 * math.log10(255**2 / 1e-2), abs=1e-4)


def test_images_of_one_value() -> None:
    """No structure: what is left of SSIM is its first factor."""
    dark, light = plain(50, 33, 1, 12, 20), plain(101, 33, 1, 12, 20)
    c1 = (0.01 * 255) ** 2
    assert l1(dark, light) == pytest.approx(51 / 255)
    assert ssim(dark, light) == pytest.approx((2 * 50 * 101 + c1) / (50**2 + 101**2 + c1))
    assert psnr(dark, light) == pytest.approx(20 * math.log10(255 / 51), abs=1e-4)


@pytest.mark.parametrize(("height", "width", "size"), [(14, 13, 11), (9, 12, 9), (4, 6, 4)])
def test_ssim_is_that_of_a_loop(height: int, width: int, size: int) -> None:
    one, other = noise(2, 2, height, width), noise(2, 2, height, width, seed=1)
    other = (other // 2 + one // 2).to(torch.uint8)
    line = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line)
    window /= window.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = []
    for x, y in zip(one.flatten(0, 1).double(), other.flatten(0, 1).double(), strict=True):
        for top in range(height - size + 1):
            for left in range(width - size + 1):
                a, b = (i.numpy()[top : top + size, left : left + size] for i in (x, y))
                mean_a, mean_b = (window * a).sum(), (window * b).sum()
                var_a = (window * (a - mean_a) ** 2).sum()
                var_b = (window * (b - mean_b) ** 2).sum()
                covariance = (window * (a - mean_a) * (b - mean_b)).sum()
                found.append(
                    (2 * mean_a * mean_b + c1)
                    * (2 * covariance + c2)
                    / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
                )
    assert ssim(one, other) == pytest.approx(float(np.mean(found)))


def test_the_mean_is_over_all_images_and_not_over_chunks() -> None:
    dark = plain(0, 33, 1, 2, 2)
    one_differs = dark.clone()
    one_differs[32] = 255
    assert l1(dark, one_differs) == pytest.approx(1 / 33)


def test_sharpness_is_the_power_of_short_waves() -> None:
    """Of waves of 3 pixels all counts, of 6 nothing; half as high is a quarter as sharp."""
    place = torch.arange(24)
    short, long = (torch.sin(2 * math.pi * place / length) for length in (3, 6))

    def image(values: Tensor) -> Tensor:
        return (127.5 + 100 * values).round().to(torch.uint8).expand(40, 1, 24, 24)

    assert sharpness(image(short), image(short)) == 1
    assert sharpness(image(short / 2), image(short)) == pytest.approx(0.25, rel=0.02)
    assert sharpness(image(long), image(short)) == pytest.approx(0, abs=1e-3)
    assert sharpness(image((short + long) / 2), image(short)) == pytest.approx(0.25, rel=0.02)
    assert sharpness(image(short), plain(9, 40, 1, 24, 24)) == 0


def test_blurred_noise_has_less_sharpness_than_noise() -> None:
    images = noise(33, 3, 16, 17)
    blurred = torch.nn.functional.avg_pool2d(images.double(), 3, 1, 1).round().to(torch.uint8)
    assert 0 < sharpness(blurred, images) < 0.2
    assert sharpness(images, blurred) == pytest.approx(1 / sharpness(blurred, images))


def test_likeness_is_that_of_scikit_image() -> None:
    """What its 0.26.0 found, in float64 with the window of Wang et al., of the same two images."""

    def waves(speed: float) -> Tensor:
        values = (torch.arange(2 * 3 * 24 * 31) * speed).sin() * 127.5 + 127.5
        return values.round().to(torch.uint8).view(2, 3, 24, 31)

    one, other = waves(0.37), waves(1.3)
    mixed = ((one.double() + 0.5 * other.double()) / 1.5).round().to(torch.uint8)
    assert ssim(one, mixed) == pytest.approx(0.853345685860729, rel=1e-12)
    assert psnr(one, mixed) == pytest.approx(15.560486384639972, rel=1e-6)
