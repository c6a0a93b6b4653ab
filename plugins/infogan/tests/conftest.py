"""What several test files of InfoGAN share: small networks, and noise in the place of digits."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from ganzoo_infogan.variant import InfoGAN, InfoGANConfig

from ganzoo import Batch, Dataset, DataSpec

DIGITS = DataSpec.images((1, 28, 28), 10, "digits")


@pytest.fixture(scope="session")
def make() -> Callable[..., InfoGAN]:
    """A small InfoGAN, which starts from the same weights each time."""

    def make(data: DataSpec = DIGITS, **settings: Any) -> InfoGAN:
        torch.manual_seed(0)
        return InfoGAN(InfoGANConfig(**{"width": 4, "latent_dim": 5} | settings), data)

    return make


@pytest.fixture(scope="session")
def noise() -> Callable[..., Dataset]:
    """Images of noise, of ten classes in turn."""

    def noise(n: int = 32) -> Dataset:
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(256, (n, 1, 28, 28), dtype=torch.uint8, generator=generator)
        return Dataset.of("noise", images, torch.arange(n) % 10, tuple("0123456789"))

    return noise


@pytest.fixture(scope="session")
def batch_of() -> Callable[..., Batch]:
    """A batch of noise."""

    def batch_of(n: int = 8) -> Batch:
        return Batch({"image": torch.rand(n, 1, 28, 28) * 2 - 1})

    return batch_of
