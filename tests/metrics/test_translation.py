"""Scores of a translator, on domains where they are known by hand: b is the negative of a."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from helpers.games import ToyConfig
from torch import Generator, Tensor, nn

from ganzoo import DataSpec, Phase, Player, Variant
from ganzoo.abilities import Translator
from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.metrics.features.extractor import Extractor, Features
from ganzoo.metrics.pixels.likeness import psnr
from ganzoo.metrics.score import Score
from ganzoo.metrics.translation import scores as translation
from ganzoo.metrics.translation.scores import top1, translation_scores
from ganzoo.plugins import catalog

SAMPLES = 200
MISLABELLED = 20
EQUAL = 10 * torch.log10(torch.tensor(255**2 / 1e-2)).item()
Function = Callable[[Tensor], Tensor]


class Toy(Variant, Translator):
    """A translator by two functions of images in [-1, 1]."""

    Config = ToyConfig

    def __init__(self, a2b: Function, b2a: Function) -> None:
        domain = DataSpec.images((3, 6, 8), 2)
        super().__init__(None, DataSpec.unpaired(domain, domain, "a+b"))
        self.weight = nn.Parameter(torch.ones(()))
        self.functions = {"a2b": a2b, "b2a": b2a}
        self.translated = {"a2b": 0, "b2a": 0}

    def players(self) -> dict[str, Player]:
        return {}

    def phases(self) -> list[Phase]:
        return []

    def translate(self, image: Tensor, direction: str) -> Tensor:
        assert image.abs().max() <= 1
        self.translated[direction] += len(image)
        result = self.weight * self.functions[direction](image)
        assert not result.requires_grad
        return result


class Judge:
    """Sees label 1 where an image's first pixel is light, or dark; and how light the others are."""

    name, resizing = "toy", "none"

    def __init__(self, light: int, *, tells: bool = True) -> None:
        self.light, self.tells = light, tells

    def __call__(self, images: Tensor) -> Features:
        light = (images[:, 0, 0, 0] > 127).long()
        label = light if self.light else 1 - light
        hidden = images.float().flatten(1)[:, 1:].mean(1, keepdim=True)
        return Features(hidden, nn.functional.one_hot(label, 2).float() if self.tells else None)


TOYS = Truth(drawings="toys")
JUDGES: tuple[Extractor, Extractor] = Judge(1), Judge(0)


def domains(samples: int = SAMPLES, seed: int = 0) -> Dataset:
    """Each image of a is light at its first pixel where its label is 1, but for a tenth of them."""
    generator = Generator().manual_seed(seed)
    image = torch.randint(60, 190, (samples, 3, 6, 8), generator=generator, dtype=torch.uint8)
    label = torch.randint(2, (samples,), generator=generator)
    image[:, :, 0, 0] = (60 + 130 * label).to(torch.uint8)[:, None]
    label[:: samples // MISLABELLED] = 1 - label[:: samples // MISLABELLED]
    a, b = (Dataset.images("", x, label, ("0", "1"), TOYS) for x in (image, 255 - image))
    return Dataset.unpaired("a+b", a, b)


def with_other(test: Dataset, other: Dataset) -> Dataset:
    return Dataset.unpaired("a+b", test.group(0), other)


def negative(image: Tensor) -> Tensor:
    return -image


def same(image: Tensor) -> Tensor:
    return image


def scores(
    a2b: Function,
    b2a: Function,
    test: Dataset | None = None,
    judges: tuple[Extractor, Extractor] | None = JUDGES,
    *,
    n: int = SAMPLES,
    seed: int = 0,
    train: Dataset | None = None,
) -> dict[str, Score]:
    found = translation_scores(
        Toy(a2b, b2a), test or domains(), judges, n=n, seed=seed, train=train
    )
    assert len({score.name for score in found}) == len(found)
    return {score.name: score for score in found}


def values(found: dict[str, Score]) -> dict[str, float]:
    return {name: score.value for name, score in found.items()}


def test_a_perfect_translator() -> None:
    test = domains()
    found = scores(negative, negative, test)
    b = 255 - test.fields["image"].float()
    another = b.roll(1, 0)

    def mean_psnr(first: Tensor, second: Tensor) -> float:
        return (10 * (255**2 / (first - second).square().mean((1, 2, 3))).log10()).mean().item()

    for way in ("a2b", "b2a"):
        for name, value, better, real in (
            ("kept", 0.9, "higher", 0.9),
            ("cycle_kept", 0.9, "higher", 0.9),
            ("frechet", 0, "lower", None),
            ("cycle_psnr", EQUAL, "higher", None),
            ("identity_psnr", mean_psnr(b, 255 - b), "higher", None),
            ("top1", 1, "higher", 1),
            ("partner_psnr", EQUAL, "higher", None),
            ("other_psnr", mean_psnr(b, another), "lower", None),
        ):
            score = found.pop(f"{way}_{name}")
            assert score.value == pytest.approx(value, abs=1e-4), score.name
            assert score.better == better, score.name
            assert score.real == pytest.approx(real), score.name
        noisy = found.pop(f"{way}_noisy_cycle_psnr")
        # the variance of the noise, and of its rounding
        assert noisy.value == pytest.approx(mean_psnr(b, b + (4**2 + 1 / 12) ** 0.5), abs=0.1)
    assert found == {}


def test_each_direction_is_judged_by_its_target() -> None:
    found = values(scores(negative, same))
    assert found["a2b_kept"] == pytest.approx(0.9)
    assert found["b2a_kept"] == pytest.approx(0.1)  # b as it is, to the judge of a
    assert found["a2b_cycle_kept"] == pytest.approx(0.1)
    assert found["b2a_cycle_kept"] == pytest.approx(0.1)
    assert found["a2b_top1"] == 1
    assert found["b2a_top1"] == 0
    assert found["a2b_partner_psnr"] == pytest.approx(EQUAL, abs=1e-4)
    assert found["b2a_partner_psnr"] < 20
    assert found["b2a_identity_psnr"] == pytest.approx(EQUAL, abs=1e-4)
    assert found["a2b_identity_psnr"] < 20


def test_beside_a_share_stands_that_of_real_images_of_the_same_domain() -> None:
    """All labels of b are right."""
    test = domains()
    assert test.other is not None
    image = test.other.fields["image"]
    right = test.other.with_tensors({"label": (image[:, 0, 0, 0] < 128).long()})
    found = scores(negative, negative, with_other(test, right))
    for name, value, real in (
        ("a2b_kept", 0.9, 1.0),
        ("a2b_cycle_kept", 0.9, 0.9),
        ("b2a_kept", 1.0, 0.9),
        ("b2a_cycle_kept", 1.0, 1.0),
    ):
        assert found[name].value == pytest.approx(value), name
        assert found[name].real == pytest.approx(real), name


def test_distances_are_those_of_gaussians_in_the_features_of_the_target() -> None:
    """A shift by 10 of 255, and training images of b that are lighter by 3 than the test images."""
    train = domains(seed=0)
    assert train.other is not None
    lighter = train.other.with_tensors({"image": train.other.fields["image"] + 3})
    train = with_other(train, lighter)
    found = scores(lambda image: -image + 10 / 127.5, negative, train=train)
    assert found["a2b_frechet"].value == pytest.approx(100, rel=1e-3)
    assert found["a2b_frechet"].real == pytest.approx(9, rel=1e-3)
    assert found["b2a_frechet"].value == pytest.approx(0, abs=1e-3)
    assert found["b2a_frechet"].real == pytest.approx(0, abs=1e-3)


def test_what_is_hidden_in_a_translation_does_not_survive_noise() -> None:
    """a→b is gray to the eye, and b→a makes its four shades into the image again."""
    found = values(scores(lambda image: image / 64, lambda image: 64 * image))
    open_ = values(scores(negative, negative))
    assert found["a2b_cycle_psnr"] > 20
    assert found["a2b_cycle_psnr"] - found["a2b_noisy_cycle_psnr"] > 10
    assert found["a2b_noisy_cycle_psnr"] < 11
    assert open_["a2b_noisy_cycle_psnr"] > 35


def test_nothing_is_hidden_below_8_bits() -> None:
    """As floats, a→b→a would be exact; of a→b, every pixel is rounded to the same value."""
    found = values(scores(lambda a: a / 1000 + 2e-3, lambda b: 1000 * (b - 2e-3)))
    assert found["a2b_cycle_psnr"] < 10
    assert found["a2b_cycle_kept"] < 0.7


def test_a_translator_that_draws_one_image_finds_no_partner() -> None:
    picture = 2 * torch.rand(3, 6, 8, generator=Generator().manual_seed(1)) - 1
    found = values(scores(lambda image: picture.expand_as(image), lambda image: 0 * image))
    assert found["a2b_top1"] <= 1 / SAMPLES
    assert found["b2a_top1"] == 0  # with no contrast, it correlates with all alike
    assert found["a2b_partner_psnr"] == pytest.approx(found["a2b_other_psnr"], abs=0.05)
    assert 0.3 < found["a2b_kept"] < 0.7


def test_fewer_images_are_chosen_alike_in_both_domains() -> None:
    variant = Toy(negative, negative)
    found = {s.name: s for s in translation_scores(variant, domains(), JUDGES, n=50, seed=3)}
    assert variant.translated == {"a2b": 4 * 50, "b2a": 4 * 50}
    assert found["a2b_top1"].value == found["b2a_top1"].value == 1
    assert found["a2b_partner_psnr"].value == pytest.approx(EQUAL, abs=1e-4)
    # of other drawings than those that are translated, but as many
    assert found["a2b_frechet"].value > 1e-3
    assert found["a2b_kept"].value != found["a2b_kept"].real


def test_the_choice_is_that_of_the_seed_and_not_the_first() -> None:
    """Of negatives of b, whose PSNRs depend on nothing but the choice."""
    one, again, another = (
        scores(negative, same, n=20, seed=seed)["a2b_identity_psnr"].value for seed in (1, 1, 2)
    )
    assert one == again
    first = domains().fields["image"][:20]
    assert len({one, another, psnr(255 - first, first)}) == 3


def test_a_translator_that_draws_from_noise_draws_the_same() -> None:
    def drawing(image: Tensor) -> Tensor:
        return -image + 0.1 * torch.randn(image.shape)

    before = torch.get_rng_state()
    first, again = scores(drawing, drawing), scores(drawing, drawing)
    assert first == again
    assert torch.equal(torch.get_rng_state(), before)


PIXELS = {"cycle_psnr", "noisy_cycle_psnr", "identity_psnr"}
PARTNERS = {"top1", "partner_psnr", "other_psnr"}
JUDGED = {"kept", "cycle_kept", "frechet"}


def names(found: dict[str, Score]) -> set[str]:
    both = {name.removeprefix("a2b_") for name in found if name.startswith("a2b_")}
    assert both == {name.removeprefix("b2a_") for name in found if name.startswith("b2a_")}
    assert len(found) == 2 * len(both)
    return both


def test_scores_whose_truth_is_not_known_are_left_out() -> None:
    test = domains()
    assert test.other is not None
    silent = Judge(1, tells=False), Judge(0, tells=False)
    assert names(scores(negative, negative, test)) == PIXELS | PARTNERS | JUDGED
    assert names(scores(negative, negative, test, None)) == PIXELS | PARTNERS
    assert names(scores(negative, negative, test, silent)) == PIXELS | PARTNERS | {"frechet"}
    unknown = with_other(test, replace(test.other, truths=()))
    assert names(scores(negative, negative, unknown)) == PIXELS | JUDGED
    image, label = test.other.fields.values()
    others = with_other(test, Dataset.images("", image, label, ("shirt", "shoe"), TOYS))
    assert names(scores(negative, negative, others)) == PIXELS | PARTNERS | JUDGED - {"kept"}


def test_an_unlabelled_domain_has_no_label_to_keep() -> None:
    test = domains()
    assert test.other is not None
    bare = with_other(test, Dataset.images("", test.other.fields["image"], truth=TOYS))
    found = scores(negative, negative, bare, (Judge(1), Judge(0, tells=False)))
    assert {name for name in found if name.endswith("kept")} == {"a2b_cycle_kept"}


def test_domains_of_unequal_length() -> None:
    test = domains()
    assert test.other is not None
    found = scores(negative, negative, with_other(test, test.other.first(7)))
    assert names(found) == PIXELS | JUDGED
    assert found["b2a_cycle_psnr"].value == pytest.approx(EQUAL, abs=1e-4)


def test_psnr_is_the_mean_over_images() -> None:
    black = torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    lighter = black + torch.tensor([0, 10, 255]).to(torch.uint8).view(3, 1, 1, 1)
    assert psnr(black[1:2], lighter[1:2]) == pytest.approx(28.1308, abs=1e-3)
    assert psnr(black, lighter) == pytest.approx((EQUAL + 28.1308 + 0) / 3, abs=1e-3)


@pytest.mark.parametrize("rows", [1000, 7])
def test_top1_is_that_of_pearsons_correlation(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translation, "ROWS", rows)
    generator = Generator().manual_seed(0)
    candidates = torch.randint(256, (50, 3, 4, 4), generator=generator).to(torch.uint8)
    noise = 20 * torch.randn(50, 1, 4, 4, generator=generator)
    images = (candidates / 3 + 60 + noise).clamp(0, 255).to(torch.uint8)
    flat = [part.double().mean(1).flatten(1) for part in (images, candidates)]
    correlation = torch.corrcoef(torch.cat(flat))[:50, 50:]
    expected = (correlation.argmax(1) == torch.arange(50)).double().mean().item()
    assert 0.2 < expected < 0.8
    assert top1(images, candidates) == pytest.approx(expected)


def test_a_partner_that_is_there_twice_is_not_found() -> None:
    image = domains().fields["image"][:4]
    image[3] = image[2]
    assert top1(image, image) == 0.5


def test_the_hidden_pairing_of_glyphs_and_ink_is_known() -> None:
    """The negative of a glyph correlates with its ink; it is no ink of that colour."""
    test = catalog.load("glyphs+ink", DataRequest(split="test", image_size=(16, 16)))
    found = scores(negative, negative, test, None, n=300)
    assert found["a2b_top1"].value > 0.95
    assert found["b2a_top1"].value > 0.95
    assert found["a2b_top1"].real == 1
    assert found["a2b_other_psnr"].value + 2 < found["a2b_partner_psnr"].value < 25
