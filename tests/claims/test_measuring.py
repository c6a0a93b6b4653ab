"""The numbers that are taken of a training's log, against loops written by hand and scipy."""

import math
import os
import shutil
from pathlib import Path

import pytest
import scipy.stats
from helpers.cli import ganzoo, train_tiny
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.claims import measuring
from ganzoo.claims.claim import TAKES, Arm, Evaluated, Logged, RankCorrelation
from ganzoo.claims.measuring import TAKEN, correlation, logged, measured, rank_correlation, ranks
from ganzoo.claims.training import LostTraining, Place, trained
from ganzoo.errors import GanzooError

RECORDS = [
    {"step": 1, "loss": 4.0},
    {"step": 2, "loss": 1.0, "other": 9.0},
    {"step": 3, "loss": 3.0},
    {"step": 4, "loss": 2.0},
]


@pytest.mark.parametrize(
    ("take", "after", "expected"),
    [("last", 0, 2), ("mean", 0, 2.5), ("mean", 2, 2.5), ("lowest", 2, 2), ("highest", 1, 3)],
)
def test_what_is_taken_of_a_value(take: str, after: int, expected: float) -> None:
    assert logged(RECORDS, Logged("loss", take, after), "here") == expected


def test_there_is_a_way_for_all_that_can_be_taken() -> None:
    assert TAKEN.keys() == {*TAKES}


def test_what_was_not_logged() -> None:
    with pytest.raises(GanzooError, match="here: there is no value 'los': did you mean 'loss'"):
        logged(RECORDS, Logged("los"), "here")
    with pytest.raises(GanzooError, match="here has too few records of 'loss'"):
        logged(RECORDS, Logged("loss", after=4), "here")


def test_a_value_that_is_not_finite_is_a_lost_training() -> None:
    with pytest.raises(LostTraining, match="loss in here is not finite"):
        logged([{"step": 1, "loss": math.nan}], Logged("loss"), "here")


@given(st.lists(st.integers(0, 5), min_size=2, max_size=12))
def test_ranks_share_the_mean_of_their_places(values: list[int]) -> None:
    assert ranks(values) == list(scipy.stats.rankdata(values))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_correlation_of_ranks_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = correlation(ranks(first), ranks(second))
    if len({*first}) == 1 or len({*second}) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(scipy.stats.spearmanr(first, second).statistic)


def test_rank_correlation_of_a_training() -> None:
    """The means around the steps 3 and 6 and 9 are 7, 4 and 1: 1.5 steps to either side."""
    records: list[dict[str, float]] = [{"step": s, "value": 10.0 - s} for s in range(1, 11)]
    records += [{"step": s, "quality/q": q} for s, q in ((3, 40.0), (6, 20.0), (9, 30.0))]
    measure = RankCorrelation("value", "quality/q")
    assert rank_correlation(records, measure, "here") == (pytest.approx(0.5), 3)
    with pytest.raises(GanzooError, match="here has too few records of 'quality/q'"):
        rank_correlation(records[:11], measure, "here")
    flat = [record | {"quality/q": 1.0} if "quality/q" in record else record for record in records]
    with pytest.raises(LostTraining, match="never changes"):
        rank_correlation(flat, measure, "here")


def test_what_was_measured_of_a_run_that_is_gone_is_not_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was kept by the name and the step alone."""
    values = iter((1.0, 2.0, 3.0))

    def evaluated(*_: object) -> object:
        return {"protocol": "p", "scores": [{"name": "modes", "value": next(values)}]}

    monkeypatch.setattr(measuring, "evaluated", evaluated)
    place = Place(tmp_path, lambda *_: None)
    arm, path = Arm("a", "vanilla", {}), tmp_path / "a"
    for seed, value in ((0, 1.0), (1, 2.0)):
        train_tiny(path, "--seed", seed)
        for _ in range(2):
            assert measured(place, arm, path, Evaluated("modes")).value == value
        shutil.rmtree(path)


@pytest.mark.parametrize("more", [("--steps", 7), ("--steps", 7, "--lr", 1e-3)])
def test_a_run_that_somebody_went_on_with_is_not_the_claims(
    tmp_path: Path, more: tuple[object, ...]
) -> None:
    place = Place(tmp_path, lambda *_: None)
    networks = {"generator_widths": "8", "discriminator_widths": "8"}
    arm = Arm("a", "ganzoo-vanilla:vanilla", {"dataset": "ring8", "steps": 5, **networks})
    train_tiny(place.path(arm, 0))
    assert trained(place, arm, 0) == place.path(arm, 0)
    assert ganzoo("train", "--resume", place.path(arm, 0), *more).status == 0
    with pytest.raises(GanzooError, match="was gone on with, and is not what the claim asks for"):
        trained(place, arm, 0)


def test_samples_that_were_exchanged_are_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were known by their time, which a copy may keep."""
    values = iter((1.0, 2.0))
    found = {"protocol": "p", "scores": [{"name": "modes", "value": 0.0}]}
    monkeypatch.setattr(
        measuring,
        "evaluated",
        lambda *_: found | {"scores": [{"name": "modes", "value": next(values)}]},
    )
    place, path = Place(tmp_path, lambda *_: None), tmp_path / "theirs-0.npz"
    arm = Arm("theirs", "", {"dataset": "ring8"}, made_by="theirs {seed} {out}")
    for content, value in (("one", 1.0), ("one", 1.0), ("two", 2.0)):
        path.write_text(content)
        os.utime(path, (1e9, 1e9))
        assert measured(place, arm, path, Evaluated("modes")).value == value
