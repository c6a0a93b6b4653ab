"""What is measured while a training goes on."""

from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs, mixtures
from ganzoo.errors import GanzooError
from ganzoo.metrics import during
from ganzoo.metrics.during import ImageQuality, PointQuality
from ganzoo.metrics.features.extractor import Features
from ganzoo.variant import Variant


class Pixels:
    """An extractor that sees blurred images, and tells no classes."""

    name, resizing = "pixels", "none"

    def __call__(self, images: Tensor) -> Features:
        return Features(avg_pool2d(images.float() / 255, 4).flatten(1), None)


class Replay:
    """A generator that draws what it was given, again and again."""

    conditional = False
    device = torch.device("cpu")

    def __init__(self, samples: Tensor) -> None:
        self.samples = samples

    def sample_latent(self, n: int) -> Tensor:
        return torch.randint(len(self.samples), (n,))

    def __call__(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.samples[latent]


def replay(samples: Tensor) -> Variant:
    return cast(Variant, cast(Any, Replay(samples)))


def in_range(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """A thousand training images in the order of their classes, as folders have them."""
    labels = torch.arange(10).repeat_interleave(100)
    images = glyphs.draw(labels, (28, 28), torch.Generator().manual_seed(0))
    return Dataset.of("digits", images, labels, tuple("0123456789"))


def test_half_of_the_classes_are_missed(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(during, "SAMPLES", 300)
    quality = ImageQuality(digits, Pixels(), seed=0)
    images = in_range(digits.fields["image"])
    whole, half = (quality.measure(replay(part)) for part in (images, images[:500]))
    assert whole["recall"] > 0.9
    assert half["recall"] < 0.75
    assert half["frechet"] > 3 * whole["frechet"]
    assert "digits" in quality.protocol
    assert "pixels" in quality.protocol


def test_modes_are_counted() -> None:
    ring = mixtures.load_ring8(DataRequest())
    quality = PointQuality(ring, seed=0)
    assert ring.modes is not None
    assert quality.measure(replay(ring.modes[:3])) == {"modes": 3, "high_quality": 1}


def test_points_of_an_unknown_distribution_are_refused() -> None:
    with pytest.raises(GanzooError, match="leave it out"):
        PointQuality(Dataset.of("mine", torch.zeros(4, 2)), seed=0)
