"""Evaluators of every kind of data and every ability, where the scores are known by hand."""

import math
from typing import ClassVar

import pytest
import torch
from helpers.exams import Able, Replay, judged, make_ground
from torch import Generator, Tensor

from ganzoo import DataSpec, Field
from ganzoo.abilities import Classifier, Control, Direction, Encoder, Enlarger, Restorer, Translator
from ganzoo.data.dataset import Dataset, Truth
from ganzoo.metrics.catalogue import installed_evaluators, suitable
from ganzoo.metrics.during import Watch
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.extractor import Features
from ganzoo.metrics.pixels.likeness import l1, psnr, ssim
from ganzoo.metrics.splits import in_bytes

EQUAL = 10 * math.log10(255**2 / 1e-2)


def bytes_(n: int, *shape: int, seed: int = 0) -> Tensor:
    generator = Generator().manual_seed(seed)
    return torch.randint(256, (n, *shape), generator=generator, dtype=torch.uint8)


def in_range(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1


def data(tensor: Tensor, kind: str, truth: Truth | None = None) -> Dataset:
    field = Field("sample", kind, tuple(tensor.shape[1:]))
    return Dataset(DataSpec(((field,),), "mine"), {"sample": tensor}, (truth or Truth(),))


NUMBERS = {
    "volume": bytes_(300, 1, 4, 4, 4),
    "video": bytes_(300, 1, 3, 4, 4),
    "series": torch.randn(300, 8, 2, generator=Generator().manual_seed(0)),
    "table": torch.randn(300, 5, generator=Generator().manual_seed(0)),
    "point": torch.randn(300, 3, generator=Generator().manual_seed(0)),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_any_numbers_are_compared_by_distances(kind: str) -> None:
    whole = NUMBERS[kind]
    train, test = data(whole[:200], kind), data(whole[200:], kind)
    as_drawn = in_range(whole) if whole.dtype == torch.uint8 else whole
    good = judged(Replay(as_drawn[100:200], train.spec), train, test)
    assert good.keys() == {"sliced_wasserstein", "energy"}
    bad = judged(Replay(as_drawn[:1], train.spec), train, test)
    for name, score in good.items():
        assert score.real is not None
        assert score.value < 2 * score.real + 1e-9
        assert bad[name].value > 3 * good[name].value
        assert (score.better, bool(score.meaning)) == ("lower", True)


def test_the_very_test_samples_are_no_distance_away() -> None:
    train, test = data(NUMBERS["table"][:200], "table"), data(NUMBERS["table"][200:], "table")
    found = judged(Replay(NUMBERS["table"][200:], train.spec), train, test)
    assert found["sliced_wasserstein"].value == pytest.approx(0, abs=1e-9)
    assert found["energy"].value == pytest.approx(0, abs=1e-5)


def test_distances_watch_a_training_of_points_of_an_unknown_distribution() -> None:
    train = data(NUMBERS["point"], "point")
    variant = Replay(NUMBERS["point"], train.spec)
    watch = Watch(make_ground(train), variant)
    assert (watch.criterion, watch.better) == ("sliced_wasserstein", "lower")
    assert watch.protocol == "in training; mine 3, training split; fake 200; real 200"
    near = watch.measure(variant)["sliced_wasserstein"]
    far = watch.measure(Replay(NUMBERS["point"] + 1, train.spec))["sliced_wasserstein"]
    assert far > 3 * near


def test_tokens_are_judged_by_their_runs_and_by_the_datas_own_rule() -> None:
    even = Truth(valid=lambda samples: samples.sum(1) % 2 == 0)
    generator = Generator().manual_seed(0)
    tokens = torch.randint(4, (400, 6), generator=generator)
    train, test = data(tokens[:200], "tokens", even), data(tokens[200:], "tokens", even)
    copied = judged(Replay(tokens[:200], train.spec), train, test)
    share = (tokens[:200].sum(1) % 2 == 0).double().mean().item()
    assert copied["valid"].value == pytest.approx(share)
    assert copied["known"].value == 1
    assert copied["known"].real is not None
    assert copied["known"].real < 0.2
    assert copied["bigram_js"].value < 2 * copied["bigram_js"].real  # type: ignore[operator]
    constant = judged(Replay(tokens[:1], train.spec), train, test)
    assert constant["distinct"].value == 1 / 200
    assert constant["bigram_js"].value > 5 * copied["bigram_js"].value
    unruly = data(tokens[200:], "tokens")
    assert "valid" not in judged(Replay(tokens, train.spec), train, unruly)
    watch = Watch(make_ground(train), Replay(tokens[:200], train.spec))
    assert watch.criterion == "bigram_js"
    assert watch.measure(Replay(tokens[:200], train.spec))["bigram_js"] == 0


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
    measures = {"l1": l1, "psnr": psnr, "ssim": ssim}
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


def test_a_way_between_pairs_of_other_channels_has_no_input_to_stand_beside() -> None:
    def gray(whole: Dataset) -> Dataset:
        return whole.with_tensors({"source": whole.tensors["source"][:, :1]})

    class Repeats(Negative):
        def translate(self, image: Tensor, direction: str) -> Tensor:
            return -image.expand(-1, 3, -1, -1)

    train, test = gray(pairs(60, 0)), gray(pairs(40, 1))
    found = judged(Repeats(train.spec), train, test)
    assert {name.removeprefix("there_").partition("_")[0] for name in found} == {
        "l1", "psnr", "ssim", "mean",
    }  # fmt: skip


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
    assert judged(OneWay(train.spec), train, test).keys() == {"a2b_identity_psnr"}


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


def test_an_enlargement_is_of_what_was_made_smaller_by_means() -> None:
    blocks = bytes_(50, 3, 4, 4).repeat_interleave(2, 2).repeat_interleave(2, 3)
    exact = Dataset.images("mine", torch.nn.functional.pad(blocks, (0, 1)))  # an odd width
    found = judged(Doubles(exact.spec), exact, exact)
    assert found["enlarged_l1"].value == 0
    assert found["enlarged_bicubic_l1"].value > 0.05
    assert found["enlarged_psnr"].value > found["enlarged_bicubic_psnr"].value


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


class Measures(Able):
    held_out: ClassVar[bool] = True
    published: ClassVar[tuple[str, ...]] = ("net",)

    def __init__(self, spec: DataSpec, *, keeps_all: bool) -> None:
        super().__init__(spec)
        del self.weight
        self.net = torch.nn.Linear(1, 1)
        if not keeps_all:
            self.other = torch.nn.Linear(1, 1)

    def measure(self, test: Dataset) -> dict[str, float]:
        return {"size": float(len(test))}


def test_a_variants_own_measures_need_all_of_its_networks() -> None:
    test = Dataset.images("mine", bytes_(30, 1, 4, 4))
    found = judged(Measures(test.spec, keeps_all=True), test, test)
    assert {name: score.value for name, score in found.items()} == {"size": 30}
    assert judged(Measures(test.spec, keeps_all=False), test, test) == {}


def test_every_built_in_evaluator_says_what_its_scores_mean() -> None:
    known = installed_evaluators()
    assert [each.spec.name for each in known[:2]] == ["frechet", "kid"]  # the order of judging
    for each in known:
        names = [score.name for score in each.evaluator.scores]
        assert len({*names}) == len(names)
        for score in each.evaluator.scores:
            assert score.meaning
            assert score.better in ("higher", "lower", "")
        if each.evaluator.criterion:
            (deciding,) = (s for s in each.evaluator.scores if s.name == each.evaluator.criterion)
            assert deciding.better
            assert each.evaluator.quick


def test_images_of_16_bits_are_measured_at_8() -> None:
    wide = torch.tensor([-32768, 0, 32767], dtype=torch.int16).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    field = Field("image", "image", (1, 4, 4), codec="16 bits")
    narrow = in_bytes(Dataset(DataSpec(((field,),), "scans"), {"image": wide}))
    assert narrow.tensors["image"][:, 0, 0, 0].tolist() == [0, 128, 255]
    assert narrow.spec.sample.codec == ""
    assert in_bytes(narrow) is narrow
