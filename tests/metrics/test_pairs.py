"""What pairs are judged by besides each by itself: rivals in columns, and distances of sets."""

from typing import ClassVar

import pytest
import torch
from helpers.exams import Able, bytes_, judged, make_ground
from torch import Tensor

from ganzoo import DataSpec, Field
from ganzoo.abilities import Direction, Translator
from ganzoo.data.dataset import Dataset
from ganzoo.metrics.catalogue import suitable
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.features.extractor import Features
from ganzoo.metrics.images.frechet import frechet_distance
from ganzoo.metrics.score import beside_rivals


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


def test_rivals_stand_beside_the_score_that_they_share() -> None:
    train, test = pairs(60, 0), pairs(40, 1)
    scores = judged(Negative(train.spec), train, test)
    rows = beside_rivals(scores.values())
    assert [row.score.name for row in rows] == [
        f"there_{name}" for name in ("l1", "psnr", "ssim", "sharpness")
    ]
    for row in rows:
        own = row.score.name.removeprefix("there_")
        assert row.rivals == {who: scores[f"there_{who}_{own}"] for who in ("input", "mean")}
    alone = beside_rivals([scores["there_mean_l1"]])
    assert [(row.score.name, row.rivals) for row in alone] == [("there_mean_l1", {})]


def labelled(n: int, seed: int) -> Dataset:
    whole = pairs(n, seed)
    (source, target), label = whole.spec.groups[0], Field("label", "label", (), ("x", "y"))
    spec = DataSpec(((source, target, label),), "pairs")
    return Dataset(spec, whole.tensors | {"label": torch.arange(n) % 2})


def test_translations_are_as_far_from_other_targets_as_targets_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the Fréchet distance of what a stand-in for an extractor sees of the targets."""
    asked: list[str] = []

    class Means:
        name, resizing = "means", "none"

        def __call__(self, images: Tensor) -> Features:
            return Features(images.double().mean((2, 3)), None)

    def make(kind: str, train: Dataset, test: Dataset, *rest: object) -> Means:
        asked.append(train.name)
        assert torch.equal(test.fields["image"], whole.tensors["target"])
        return Means()

    monkeypatch.setattr("ganzoo.metrics.exam.make_extractor", make)
    train, whole = labelled(60, 0), labelled(40, 1)
    found = judged(Negative(train.spec), train, whole, "targets")
    assert asked == ["pairs-target"]
    see = Means()
    targets = [see(each.tensors["target"]).hidden for each in (whole, train)]
    sources = see(whole.tensors["source"]).hidden
    # All forty are translated, and all are the others.
    assert found["there_frechet"].value == pytest.approx(0, abs=1e-9)
    assert found["there_input_frechet"].value == pytest.approx(
        frechet_distance(targets[0], sources)
    )
    assert found["there_mean_frechet"].value > 0
    assert found["there_frechet"].real is not None


def test_without_labels_no_distance_to_targets_is_measured_and_why_is_said() -> None:
    train, test = pairs(60, 0), pairs(40, 1)
    ground = make_ground(train, test)
    exam = Exam(ground, Negative(train.spec))
    assert "targets" not in {known.spec.name for known in suitable(exam)}
    assert "has no labels" in str(ground.judges_of["target"])
