"""Learning rates that fall."""

from collections.abc import Callable

import pytest
import torch
from helpers.zoo import NAMES, make_small
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.config import options
from ganzoo.schedules import decays

PROGRESS = st.floats(0, 1)


def rate(start: float) -> Callable[[float], float]:
    (factor,) = decays(["g"], start).values()
    return factor


def test_a_learning_rate_is_constant_and_falls_to_zero_in_a_line() -> None:
    assert set(decays(["g", "d"], 0.5)) == {"g.lr", "d.lr"}
    assert [rate(0.75)(p) for p in (0.0, 0.5, 0.75, 0.875, 1.0)] == [1, 1, 1, 0.5, 0]
    assert [rate(0.0)(p) for p in (0.0, 0.25, 1.0)] == [1, 0.75, 0]


@given(st.floats(0, 1, exclude_max=True), PROGRESS, PROGRESS)
def test_it_never_rises_nor_leaves_its_range(start: float, one: float, other: float) -> None:
    factor = rate(start)
    assert 0 <= factor(max(one, other)) <= factor(min(one, other)) <= 1
    assert factor(1.0) == 0


def test_one_that_never_falls_is_no_dial() -> None:
    """So that trainings without it are those of before, their checkpoints too."""
    assert decays(["g", "d"], 1) == {}


DECAYING = [name for name in NAMES if "decay_from" in options(make_small(name).variant.Config)]


def test_who_takes_decay_from() -> None:
    # Rates fall, or stay, as in their papers.
    constant = {"infogan", "progan", "r3gan", "r3gan-cond", "stylegan2", "cut", "cyclegan"}
    constant |= {"discogan", "fastcut", "stargan", "esrgan", "srgan", "context-encoder"}
    constant |= {"dualgan", "unit"}
    assert set(NAMES) - set(DECAYING) == constant


@pytest.mark.parametrize("name", DECAYING)
def test_decay_from_holds_for_all_players(name: str) -> None:
    """At the end of a training an iteration changes no parameter."""
    engine = make_small(name, decay_from=0.5)
    engine.iteration = engine.iterations
    before = {key: value.clone() for key, value in engine.variant.named_parameters()}
    engine.step()
    for key, value in engine.variant.named_parameters():
        assert torch.equal(value, before[key]), key
