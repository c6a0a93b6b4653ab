"""Evaluators of every ability, where the scores are known by hand."""

import math
from typing import ClassVar

import pytest
import torch
from helpers.exams import NUMBERS, Able, Replay, bytes_, data, in_range, judged, make_ground
from torch import Tensor

from ganzoo import DataSpec, Field, GanzooError
from ganzoo.abilities import Classifier, Control, Direction, Encoder, Enlarger, Restorer, Translator
from ganzoo.data.dataset import Dataset
from ganzoo.metrics.catalogue import suitable
from ganzoo.metrics.during import Watch
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.extractor import Features
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.pixels.likeness import l1, psnr, sharpness, ssim
from ganzoo.metrics.pixels.reconstruction import luminance, within

EQUAL = 10 * math.log10(255**2 / 1e-2)


def pairs(n: int, seed: int) -> Dataset:
    """The target is the source's negative."""
    source = bytes_(n, 3, 6, 8, seed=seed)
    fields = Field("source", "image", (3, 6, 8)), Field("target", "image", (3, 6, 8))
    return Dataset(DataSpec((fields,), "pairs"), {"source": source, "target": 255 - source})


class Negative(Able, Translator):
    directions: ClassVar[tuple[Direction, ...]] = (Direction("there", "source", "target"),)

    def translate(self, image: Tensor, direction: str) -> Tensor:
        assert direction == "there"
        assert not torch.is_grad_enabled()
        return -self.weight * image


class Identity(Negative):
    def translate(self, image: Tensor, direction: str) -> Tensor:
        return image


def test_a_translation_of_pairs_stands_beside_the_input_and_the_mean() -> None:
    train, test = pairs(60, 0), pairs(40, 1)
    source, target = test.tensors["source"], test.tensors["target"]
    mean = train.tensors["target"].double().mean(0).round().to(torch.uint8).expand_as(target)
    perfect = judged(Negative(train.spec), train, test)
    lazy = judged(Identity(train.spec), train, test)
    measures = {"l1": l1, "psnr": psnr, "ssim": ssim, "sharpness": sharpness}
    assert perfect.keys() == lazy.keys()
    assert perfect.keys() == {
        f"there_{who}{name}" for who in ("", "input_", "mean_") for name in measures
    }
    for name, measure in measures.items():
        rest = perfect[f"there_input_{name}"], perfect[f"there_mean_{name}"]
        assert rest[0].value == pytest.approx(measure(source, target))
        assert rest[1].value == pytest.approx(measure(mean, target))
        assert lazy[f"there_{name}"].value == pytest.approx(rest[0].value)
        assert rest[0].better == ""
    assert perfect["there_l1"].value == 0
    assert perfect["there_psnr"].value == pytest.approx(EQUAL, abs=1e-4)
    watch = Watch(make_ground(train), Negative(train.spec))
    assert (watch.criterion, watch.better) == ("psnr", "higher")
    assert watch.measure(Negative(train.spec)).keys() == measures.keys()


@pytest.mark.parametrize("gray", ["source", "target"])
def test_a_way_between_pairs_of_other_channels_stands_beside_the_input_in_those(gray: str) -> None:
    def one_gray(whole: Dataset) -> Dataset:
        mean = whole.tensors[gray].double().mean(1, keepdim=True).round().to(torch.uint8)
        return whole.with_tensors({gray: mean})

    class Recoloured(Negative):
        def translate(self, image: Tensor, direction: str) -> Tensor:
            if gray == "target":
                return -image.mean(1, keepdim=True)
            return -image.expand(-1, 3, -1, -1)

    train, test = one_gray(pairs(60, 0)), one_gray(pairs(40, 1))
    found = judged(Recoloured(train.spec), train, test)
    source, target = test.tensors["source"].double(), test.tensors["target"]
    seen = (
        source.mean(1, keepdim=True).round() if gray == "target" else source.expand(-1, 3, -1, -1)
    )
    expected = l1(seen.to(torch.uint8), target)
    assert found["there_input_l1"].value == pytest.approx(expected, abs=1e-3)


def domains(seed: int) -> Dataset:
    first = Dataset.images("a", bytes_(30, 3, 6, 8, seed=seed))
    second = Dataset.images("b", bytes_(30, 3, 6, 8, seed=seed + 1))
    return Dataset.unpaired("a+b", first, second)


class OneWay(Able, Translator):
    directions: ClassVar[tuple[Direction, ...]] = (Direction("a2b", "a", "b"),)

    def translate(self, image: Tensor, direction: str) -> Tensor:
        return -image


def test_without_a_way_back_nothing_is_said_of_cycles() -> None:
    train, test = domains(0), domains(2)
    exam = Exam(make_ground(train, test, extractors="auto"), OneWay(train.spec))
    (translation,) = (known.evaluator for known in suitable(exam, ["translation"]))
    found = {score.name for score in translation.judge(exam)}
    assert found == {"a2b_frechet", "a2b_identity_psnr"}


def test_an_extractor_that_is_named_and_sees_nothing_of_two_domains_is_refused() -> None:
    train, test = domains(0), domains(2)
    with pytest.raises(GanzooError, match="'a' has no labels to train a classifier on"):
        judged(OneWay(train.spec), train, test)


def test_a_translator_that_has_nothing_to_translate_says_nothing() -> None:
    train = Dataset.images("mine", bytes_(30, 3, 6, 8))
    assert judged(OneWay(train.spec), train, train) == {}


class Recolours(Able, Translator):
    """One domain: the first pixel becomes the class that is asked for, but 2 never does."""

    directions: ClassVar[tuple[Direction, ...]] = (Direction("recolour", "image", "image"),)

    def controls(self) -> dict[str, Control]:
        return {"label": Control("the class", ("0", "1", "2")), "shade": Control("how much")}

    def translate(self, image: Tensor, direction: str, label: str = "0") -> Tensor:
        made = image.clone()
        made[:, :, 0, 0] = (0.0 if label == "2" else float(label)) / 127.5 - 1
        return made


class FirstPixel:
    """An extractor to which an image's class is its first pixel."""

    name, resizing = "first pixel", "none"

    def __call__(self, images: Tensor) -> Features:
        label = images[:, 0, 0, 0].long().clamp(max=2)
        return Features(images.flatten(1).float(), torch.nn.functional.one_hot(label, 3).float())


def test_a_translation_within_a_domain_shows_what_was_asked_for() -> None:
    labels = torch.arange(90) % 3
    images = bytes_(90, 1, 4, 4)
    images[:, 0, 0, 0] = labels.to(torch.uint8)
    images[:9, 0, 0, 0] = ((labels[:9] + 1) % 3).to(torch.uint8)
    test = Dataset.images("mine", images, labels, ("0", "1", "2"))
    ground = make_ground(test, test)
    vars(ground)["_extractor"] = FirstPixel()
    exam = Exam(ground, Recolours(test.spec))
    (known,) = suitable(exam, ["asked"])
    (score,) = known.evaluator.judge(exam)
    assert score.name == "recolour_label_asked"
    assert score.value == pytest.approx(2 / 3)
    assert score.real == pytest.approx(0.9)


class SamplesToo(Replay, Negative):
    """Draws targets, and translates."""


def test_what_each_ability_is_judged_by_adds_up() -> None:
    train, test = pairs(60, 0), pairs(40, 1)
    variant = SamplesToo(in_range(train.tensors["source"]), train.spec)
    found = judged(variant, train, test, "memorised", "pairs")
    assert found["memorised"].value == 1
    assert found["there_l1"].value == 0


class Coder(Able, Encoder):
    """Its latents are half of the samples."""

    def sample_latent(self, n: int) -> Tensor:
        raise NotImplementedError

    def encode(self, image: Tensor) -> Tensor:
        return image / 2

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return 2 * self.weight * latent


class Forgets(Coder):
    def encode(self, image: Tensor) -> Tensor:
        return 0 * image


def test_a_reconstruction_of_images() -> None:
    train, test = (Dataset.images("mine", bytes_(50, 3, 6, 8, seed=seed)) for seed in (0, 1))
    real = test.tensors["image"]
    perfect = judged(Coder(train.spec), train, test, "reconstruction")
    gray = judged(Forgets(train.spec), train, test, "reconstruction")
    assert perfect["reconstruction_l1"].value == 0
    assert perfect["reconstruction_psnr"].value == pytest.approx(EQUAL, abs=1e-4)
    assert perfect["reconstruction_ssim"].value == pytest.approx(1)
    expected = l1(torch.full_like(real, 128), real)
    assert gray["reconstruction_l1"].value == pytest.approx(expected)
    assert gray["reconstruction_mean_l1"].value == perfect["reconstruction_mean_l1"].value


def test_a_reconstruction_of_numbers() -> None:
    train, test = (
        data(NUMBERS["series"][part], "series") for part in (slice(200), slice(200, 300))
    )
    found = judged(Forgets(train.spec), train, test, "reconstruction")
    assert found.keys() == {"reconstruction_l1", "reconstruction_mean_l1"}
    real = test.tensors["sample"]
    assert found["reconstruction_l1"].value == pytest.approx(real.abs().mean().item(), rel=1e-5)
    mean = train.tensors["sample"].double().mean(0)
    expected = (real - mean).abs().mean().item()
    assert found["reconstruction_mean_l1"].value == pytest.approx(expected, rel=1e-5)


class Fills(Able, Restorer):
    """With white; what is known must be there, and only that."""

    def restore(self, image: Tensor, missing: Tensor) -> Tensor:
        assert missing.shape == (len(image), 1, *image.shape[2:])
        assert (image * missing == 0).all()
        return image * (1 - missing) + missing


def test_a_restoration_is_judged_where_something_was_missing() -> None:
    train, test = (Dataset.images("mine", bytes_(50, 3, 8, 12, seed=seed)) for seed in (0, 1))
    found = judged(Fills(train.spec), train, test)
    hole = test.tensors["image"][:, :, 2:6, 3:9]
    assert found["restored_l1"].value == pytest.approx(l1(torch.full_like(hole, 255), hole))
    assert found["restored_mean_l1"].value < found["restored_l1"].value


class Doubles(Able, Enlarger):
    def enlarge(self, image: Tensor) -> Tensor:
        return image.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_an_enlargement_stands_beside_bicubic_interpolation() -> None:
    """A ramp is made smaller and larger again exactly, but for its ends."""
    blocks = bytes_(50, 3, 4, 4).repeat_interleave(2, 2).repeat_interleave(2, 3)
    images = Dataset.images("mine", torch.nn.functional.pad(blocks, (0, 1)))  # an odd width
    found = judged(Doubles(images.spec), images, images, "enlargement")
    real = blocks.float() / 127.5 - 1
    small = torch.nn.functional.interpolate(real, (4, 4), mode="bicubic", antialias=True)
    small = ((small.clamp(-1, 1) + 1) * 127.5).round().byte()
    doubled = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert found["enlarged_l1"].value == pytest.approx(l1(doubled, blocks), rel=1e-6)
    cubic = torch.nn.functional.interpolate(small.float(), (8, 8), mode="bicubic")
    expected = psnr(cubic.round().clamp(0, 255).byte(), blocks)
    assert found["enlarged_bicubic_psnr"].value == pytest.approx(expected, rel=1e-3)


def test_luminance_is_measured_within_a_border() -> None:
    """Y is 16 of black and 235 of white; the outer pixels are left out."""
    extremes = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(-1, 3, 6, 6)
    assert luminance(extremes)[:, 0, 0, 0].tolist() == pytest.approx([16, 235])
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    assert luminance(red).item() == pytest.approx(81.481)
    gray = bytes_(2, 1, 6, 6)
    assert luminance(gray) is gray
    assert torch.equal(within(gray, 2), gray[..., 2:4, 2:4])
    assert within(gray, 3) is gray
    wrong = gray.clone()
    wrong[..., 0, :] = 255 - wrong[..., 0, :]
    assert psnr(within(wrong, 1), within(gray, 1)) == pytest.approx(EQUAL, abs=1e-4)


class Means:
    """An extractor that sees the means of the channels."""

    name, resizing = "means", "none"

    def __call__(self, images: Tensor) -> Features:
        return Features(images.float().mean((2, 3)), None)


@pytest.mark.parametrize("make", ["restored", "enlarged"])
def test_the_distance_is_that_of_whole_images(make: str) -> None:
    test = Dataset.images("mine", bytes_(80, 3, 8, 12))
    variant = Fills(test.spec) if make == "restored" else Doubles(test.spec)
    ground = make_ground(test, test)
    vars(ground)["_extractor"] = Means()
    exam = Exam(ground, variant)
    (known,) = suitable(exam, [f"{make}-distance"])
    found = {score.name: score for score in known.evaluator.judge(exam)}
    rival = "mean" if make == "restored" else "bicubic"
    assert found.keys() == {f"{make}_frechet", f"{make}_{rival}_frechet"}
    if make == "restored":
        real = exam.ground.wanted.pixels
        whole = real.clone()
        whole[:, :, 2:6, 3:9] = 255
        expected = frechet_distance(real.float().mean((2, 3)), whole.float().mean((2, 3)))
        assert found["restored_frechet"].value == pytest.approx(expected, rel=1e-4)


class Reads(Able, Classifier):
    """The class of an image is its first pixel."""

    def classify(self, image: Tensor) -> Tensor:
        first = ((image[:, 0, 0, 0] + 1) * 127.5).round().long()
        return torch.nn.functional.one_hot(first, 10).float()


def test_accuracy_is_the_share_of_all_test_images() -> None:
    labels = torch.arange(600) % 10
    images = bytes_(600, 1, 4, 4)
    images[:, 0, 0, 0] = labels.to(torch.uint8)
    images[:60, 0, 0, 0] = ((labels[:60] + 1) % 10).to(torch.uint8)
    test = Dataset.images("mine", images, labels, tuple("0123456789"))
    assert judged(Reads(test.spec), test, test)["accuracy"].value == pytest.approx(0.9)
