"""What several test files of SGAN share: blobs of three classes, and small players for them."""

from collections.abc import Callable

import pytest
import torch
from ganzoo_sgan.variant import FEATURE_MATCHING, SGAN, SGANConfig
from torch import Tensor

from ganzoo import Dataset, DataSpec
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped

DATA = DataSpec.images((1, 28, 28), classes=3, name="blobs")


@pytest.fixture(scope="session")
def blobs() -> Callable[..., Dataset]:
    """Noise with a bright band whose height is the class."""

    def blobs(n: int = 120, seed: int = 0) -> Dataset:
        generator = torch.Generator().manual_seed(seed)
        label = torch.randint(3, (n,), generator=generator)
        image = torch.randint(0, 60, (n, 1, 28, 28), generator=generator, dtype=torch.uint8)
        for k in range(3):
            image[label == k, :, 8 * k : 8 * k + 8] += 180
        return Dataset.of("blobs", image, label, ("low", "middle", "high"))

    return blobs


@pytest.fixture(scope="session")
def make() -> Callable[..., SGAN]:
    """A small SGAN for the blobs, which starts from the same weights each time."""

    def make(objective: str = FEATURE_MATCHING, **settings: object) -> SGAN:
        torch.manual_seed(0)
        config = SGANConfig(objective=objective, labels=12, width=4, **settings)  # type: ignore[arg-type]
        return SGAN(equipped(config), DATA)

    return make


@pytest.fixture(scope="session")
def make_engine() -> Callable[..., Engine]:
    """An engine that trains an SGAN on its streams of a dataset."""

    def make_engine(
        sgan: SGAN, dataset: Dataset, iterations: int = 8, batch_size: int = 10
    ) -> Engine:
        feed = make_feed(
            dataset,
            batch_size,
            device=torch.device("cpu"),
            seed=0,
            streams=sgan.streams(dataset),
        )
        return Engine(sgan.train(), feed, iterations)

    return make_engine


@pytest.fixture(scope="session")
def weights() -> Callable[..., dict[str, Tensor]]:
    """A copy of the weights of some networks of an SGAN, by name."""

    def weights(sgan: SGAN, *nets: str) -> dict[str, Tensor]:
        return {
            f"{net}.{name}": value.clone()
            for net in nets
            for name, value in sgan.get_submodule(net).state_dict().items()
        }

    return weights


@pytest.fixture(scope="session")
def assert_same() -> Callable[..., None]:
    """Weights are equal, up to a tolerance."""

    def assert_same(a: dict[str, Tensor], b: dict[str, Tensor], *, tolerance: float = 0.0) -> None:
        assert a.keys() == b.keys()
        for name in a:
            torch.testing.assert_close(a[name], b[name], rtol=tolerance, atol=tolerance, msg=name)

    return assert_same
