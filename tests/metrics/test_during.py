"""What is measured while a training goes on."""

from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo import DataSpec, GanzooError
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs, mixtures
from ganzoo.metrics import during
from ganzoo.metrics.during import Watch
from ganzoo.metrics.exam import Ground
from ganzoo.metrics.features.extractor import Features
from ganzoo.variant import Variant


class Pixels:
    """An extractor that sees blurred images, and tells no classes."""

    name, resizing = "pixels", "none"

    def __call__(self, images: Tensor) -> Features:
        return Features(avg_pool2d(images.float() / 255, 4).flatten(1), None)


class Replay:
    """A generator that draws what it was given, again and again."""

    conditional, held_out, judged_by = False, False, ()
    device, Sampling = torch.device("cpu"), None

    def __init__(self, samples: Tensor) -> None:
        self.samples = samples
        self.data = DataSpec.of_shape(tuple(samples.shape[1:]))

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


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(during, "AMOUNTS", replace(during.AMOUNTS, drawn=300))


def watch(train: Dataset, variant: Variant) -> Watch:
    ground = Ground(
        train,
        train,
        (train, train),
        during.AMOUNTS,
        variant.device,
        0,
        "classifier",
        lambda _: None,
    )
    vars(ground)["_extractor"] = Pixels()
    return Watch(ground, variant)


def test_half_of_the_classes_are_missed(digits: Dataset) -> None:
    images = in_range(digits.fields["image"])
    whole, half = (replay(part) for part in (images, images[:500]))
    quality = watch(digits, whole)
    all_, missed = quality.measure(whole), quality.measure(half)
    assert all_["recall"] > 0.9
    assert missed["recall"] < 0.75
    assert missed["frechet"] > 3 * all_["frechet"]
    assert (quality.criterion, quality.better) == ("frechet", "lower")
    assert quality.protocol == (
        "in training; digits 1x28x28, training split; pixels; fake 300; real 1000"
    )


def test_modes_are_counted() -> None:
    ring = mixtures.load_ring8(DataRequest())
    assert ring.modes is not None
    three = replay(ring.modes[:3])
    quality = watch(ring, three)
    assert quality.measure(three) == {"modes": 3, "high_quality": 1}
    assert (quality.criterion, quality.better) == ("modes", "higher")
    assert quality.protocol == "in training; ring8; fake 300"


def test_copies_are_looked_for_among_few_images(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying = replay(in_range(digits.fields["image"][:500]))
    assert watch(digits, copying).measure(copying)["memorised"] == 1
    new = glyphs.draw(torch.arange(10).repeat(20), (28, 28), torch.Generator().manual_seed(9))
    drawing = replay(in_range(new))
    assert watch(digits, drawing).measure(drawing)["memorised"] < 0.05
    changed = replay(in_range(digits.fields["image"][:500].flip(-1)) * 0.8)
    found = watch(digits, changed).measure(changed)
    assert found["memorised"] < 0.05
    assert found["copied"] == 1
    monkeypatch.setattr("ganzoo.metrics.images.measures.SEARCHED", 999)
    assert not {"memorised", "copied"} & watch(digits, copying).measure(copying).keys()


def test_without_features_copies_alone_are_watched_and_nothing_decides(digits: Dataset) -> None:
    photos = Dataset.images("photos", digits.fields["image"])
    copying, said = replay(in_range(photos.fields["image"])), list[str]()
    ground = Ground(
        photos,
        photos,
        (photos, photos),
        during.AMOUNTS,
        copying.device,
        0,
        "auto",
        said.append,
    )
    vars(ground)["_extractor"] = GanzooError("there is no Inception here")
    quality = Watch(ground, copying)
    assert quality.measure(copying) == {"memorised": 1, "copied": 1}
    assert (quality.criterion, quality.better) == ("", "")
    assert said[0] == (
        "--evaluate-every looks at no features, and chooses no best checkpoint: there is no "
        "Inception here"
    )
