"""What is measured of StyleGAN2 alone, and the few data that its claims are shown on."""

from typing import Any

import pytest
import torch
from ganzoo_stylegan.smoothness import PathLength, squared_lengths
from ganzoo_stylegan.stylegan2 import StyleGAN2, StyleGAN2Config
from ganzoo_stylegan.truncation import TruncationTrade
from torch import Tensor, nn

from ganzoo import DataRequest, Dataset, DataSpec
from ganzoo.metrics.exam import Amounts, Exam, Ground
from ganzoo.metrics.features.extractor import Features
from ganzoo.plugins import catalog
from ganzoo.plugins.equip import equipped
from ganzoo.testing import check_dataset, check_evaluator

DATA = DataSpec.images((1, 8, 8))


def make() -> StyleGAN2:
    torch.manual_seed(0)
    config = equipped(StyleGAN2Config(width=4, latent_dim=4))
    return StyleGAN2(config, DATA).eval()


def pixels(images: Tensor) -> Features:
    return Features(images.flatten(1).double(), None)


def exam_of(variant: StyleGAN2, monkeypatch: pytest.MonkeyPatch) -> Exam:
    images = torch.randint(256, (300, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    data = Dataset.images("noise", images.to(torch.uint8))
    monkeypatch.setattr("ganzoo.metrics.exam.make_extractor", lambda *_: pixels)
    cpu, amounts = torch.device("cpu"), Amounts(300, 300, 300)
    quiet: Any = lambda message: None  # noqa: E731
    return Exam(Ground(data, data, (data, data), amounts, cpu, 0, "classifier", quiet), variant)


@pytest.mark.parametrize("name", ["truncation", "w-path"])
def test_they_conform(name: str) -> None:
    check_evaluator(name)


def test_few_glyphs_are_few_to_train_on() -> None:
    check_dataset("few-glyphs")
    few = catalog.load("few-glyphs", DataRequest(None, "train", image_size=(16, 16)))
    assert (len(few), few.spec.shape) == (500, (1, 16, 16))


def test_truncation_is_judged_by_the_same_latents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variant = make()
    for name, param in variant.generator.named_parameters():
        if "affine" in name:
            param.data += torch.randn_like(param)
    exam = exam_of(variant, monkeypatch)
    trade = TruncationTrade()
    assert trade.suits(exam)
    assert not trade.usual(exam)
    drawn: list[tuple[float, float]] = []

    def judged(exam: Exam) -> tuple[float, float]:
        psi = exam.truncation
        drawn.append((psi, exam.images.pixels.double().std(0).mean().item()))
        return psi, psi / 2

    monkeypatch.setattr(trade, "_judged", judged)
    assert [score.value for score in trade.judge(exam)] == [-0.5, 0.25]
    assert [psi for psi, _ in drawn] == [1.0, 0.5]
    assert drawn[1][1] < drawn[0][1]
    assert not trade.suits(Exam(exam.ground))


class Linear(nn.Module):
    """g(w) = w_1 at each pixel."""

    layers = 2

    def forward(self, ws: Tensor) -> Tensor:
        return ws[:, 0, :1, None, None].expand(-1, 1, 8, 8)


def test_the_path_length_of_a_linear_generator_is_the_distance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variant = make()
    variant.generator.synthesis = Linear()  # type: ignore[assignment]
    one, other = torch.randn(2, 5, 4).double()
    generator = variant.generator.double()
    found = squared_lengths(generator, one, other)
    expected = (generator.mapping(one) - generator.mapping(other))[:, 0].square()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)
    measure, exam = PathLength(), exam_of(make(), monkeypatch)
    assert measure.suits(exam)
    first, again = ([score.value for score in measure.judge(exam)] for _ in range(2))
    assert first == again
    assert first[0] > 0
    assert not measure.suits(Exam(exam.ground))
