"""How different samples are from each other, all of them and those of a class."""

import json
from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo
from torch import Tensor

from ganzoo import DataSpec, Gallery, GanzooError
from ganzoo.runs.logged import CLASS_DIVERSITY, DIVERSITY
from ganzoo.training.exhibits import Exhibits
from ganzoo.training.watching.diversity import diversity, in_classes

CLASSES = torch.arange(40) % 4


def noise(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_diversity_is_relative_to_the_data() -> None:
    real = torch.randn(300, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert diversity(real, real) == 1
    assert diversity(0.1 * real + 5, real) == pytest.approx(0.1)
    assert diversity(torch.zeros(10, 3, 8, 8), real) == 0
    two_of_eight = torch.cat((real[:1], real[1:2])).repeat(50, 1, 1, 1)
    assert diversity(two_of_eight, real) == pytest.approx(0.5, abs=0.05)
    assert diversity(real[:, :1], real) is None
    assert diversity(real[:1], real) is None
    assert diversity(real, torch.zeros_like(real)) is None


def test_samples_that_differ_by_their_class_alone_are_alike_within_it() -> None:
    """All that a generator draws that heeds the class and not z: as far apart as the data."""
    real = noise(40)
    one_each = noise(4, seed=1)[CLASSES]
    assert diversity(one_each, real) == pytest.approx(0.77, abs=0.05)
    assert in_classes(one_each, CLASSES, real, CLASSES) == 0
    assert in_classes(0.1 * real, CLASSES, real, CLASSES) == pytest.approx(0.1)


def test_within_classes_data_may_be_closer_than_they_are_to_others() -> None:
    """Samples are as far apart as the data of their class, and not as all data."""
    real = 0.1 * noise(40) + 5 * noise(4, seed=1)[CLASSES]
    shuffled = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    found = in_classes(real[shuffled], CLASSES[shuffled], real, CLASSES)
    assert found == pytest.approx(1)


def test_only_classes_with_two_of_both_are_compared() -> None:
    real, labels = noise(6), torch.tensor([0, 0, 0, 1, 2, 2])
    made, asked = torch.cat((2 * real[:3], noise(3, seed=1))), torch.tensor([0, 0, 0, 1, 1, 2])
    assert in_classes(made, asked, real, labels) == pytest.approx(2)
    assert in_classes(made[3:], asked[3:], real, labels) is None
    assert in_classes(made[:, :1], asked, real, labels) is None
    assert in_classes(made[:0], asked[:0], real, labels) is None
    assert in_classes(made, asked, torch.zeros_like(real), labels) is None


def test_of_a_gallery_what_was_made_for_a_class_is_compared_with_the_data_of_it() -> None:
    real, made = noise(40).clamp(-1, 1), noise(4, seed=1)[CLASSES].clamp(-1, 1)
    exhibits = Exhibits(DataSpec.images((3, 8, 8), 4), {"image": real, "label": CLASSES})
    assert exhibits.in_classes(Gallery(made, labels=CLASSES)) == 0
    assert exhibits.in_classes(Gallery(made)) is None
    both, twice = torch.cat((real, made)), CLASSES.repeat(2)
    shown = Gallery(both, made=[False] * 40 + [True] * 40, labels=twice)
    assert exhibits.in_classes(shown) == 0
    with pytest.raises(GanzooError, match="40 pictures has 80 labels: give one for each"):
        Gallery(made, labels=twice)


def test_a_conditional_training_logs_both(tmp_path: Path) -> None:
    result = ganzoo(
        *("train", "cgan", "--dataset", "glyphs", "--image-size", 16, "--width", 2),
        *("--batch-size", 4, "--steps", 4, "--out", tmp_path / "run"),
    )
    assert result.status == 0, result.err
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    seen = [record for record in records if DIVERSITY in record]
    assert seen
    assert all(record[CLASS_DIVERSITY] > 0 for record in seen)
