"""Evaluators of every kind of data, where the scores are known by hand."""

from typing import ClassVar

import pytest
import torch
from helpers.exams import NUMBERS, Able, Replay, bytes_, data, in_range, judged, make_ground
from torch import Generator

from ganzoo import DataSpec, Field
from ganzoo.data.dataset import Dataset, Truth
from ganzoo.metrics.catalogue import installed_evaluators
from ganzoo.metrics.during import Watch
from ganzoo.metrics.splits import in_bytes


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
