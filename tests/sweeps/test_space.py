"""What is varied: lists, ranges, and what is drawn from them."""

import math

import pytest

from ganzoo.config import options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.sweeps.space import Range, draw, grid, label, read_space
from ganzoo.training.settings import Training

KNOWN = options(Training) | options(registry().variant("vanilla").load().Config)


def test_every_combination_the_last_name_changing_first() -> None:
    space = read_space({"lr": "1e-4, 2e-4", "batch-size": [32, 64], "flip": "true"}, KNOWN)
    assert grid(space) == [
        {"lr": 1e-4, "batch_size": 32, "flip": True},
        {"lr": 1e-4, "batch_size": 64, "flip": True},
        {"lr": 2e-4, "batch_size": 32, "flip": True},
        {"lr": 2e-4, "batch_size": 64, "flip": True},
    ]
    assert label(grid(space)[0]) == "lr=0.0001, batch-size=32, flip=true"


def test_values_with_commas_of_their_own() -> None:
    space = read_space(
        {"generator-widths": "8,8;16", "loss": "least-squares:a=-1,c=0;hinge"}, KNOWN
    )
    assert space["generator_widths"] == ((8, 8), (16,))
    assert space["loss"] == ("least-squares:a=-1,c=0", "hinge")


def test_a_value_that_is_named_twice_is_one() -> None:
    assert read_space({"lr": "1e-4,0.0001"}, KNOWN) == {"lr": (1e-4,)}


@pytest.mark.parametrize(
    ("ends", "logarithmic", "whole"),
    [
        ({"lr": "1e-5..1e-3"}, True, False),
        ({"lr": "1e-4..9e-4"}, False, False),
        ({"beta1": "0..0.9"}, False, False),
        ({"batch_size": "16..256"}, True, True),
        ({"batch_size": "16..32"}, False, True),
    ],
)
def test_ranges(ends: dict[str, str], logarithmic: bool, whole: bool) -> None:
    ((name, choice),) = read_space(ends, KNOWN).items()
    assert isinstance(choice, Range)
    assert (choice.logarithmic, choice.whole) == (logarithmic, whole)
    assert ("logarithmic" in str(choice)) is logarithmic
    found = [setting[name] for setting in draw({name: choice}, 15, 0)]
    assert all(choice.low <= value <= choice.high for value in found)
    assert all(isinstance(value, int if whole else float) for value in found)


def test_on_a_logarithmic_scale_each_decade_is_as_likely() -> None:
    found = draw({"lr": Range(1e-6, 1e-2, False)}, 400, 3)
    decades = [math.floor(math.log10(setting["lr"])) for setting in found]
    counts = [decades.count(decade) for decade in (-6, -5, -4, -3)]
    assert min(counts) > 70, counts  # of 100 expected, whose standard deviation is 9


def test_more_that_are_drawn_begin_with_the_same() -> None:
    space = read_space({"lr": "1e-5..1e-3", "loss": "hinge,minimax"}, KNOWN)
    assert draw(space, 8, 0)[:3] == draw(space, 3, 0)
    assert draw(space, 3, 0) != draw(space, 3, 1)
    assert {setting["loss"] for setting in draw(space, 8, 0)} == {"hinge", "minimax"}


@pytest.mark.parametrize(
    ("given", "saying"),
    [
        ({"lrr": "1"}, "there is no setting 'lrr': did you mean 'lr'"),
        ({"lr": "1e-4,-1"}, "--lr must be above 0, not -1"),
        ({"lr": "x"}, "--lr must be a number, not x"),
        ({"lr": " , "}, "--set lr needs values"),
        ({"lr": "1e-3..1e-5"}, "must lead from a number to a greater one"),
        ({"loss": "a..b"}, "is a range, and --loss is no number"),
        ({"seed": "1,2"}, "--seeds says how many"),
        ({"threads": "1,2"}, "--jobs divides the cores"),
    ],
)
def test_what_cannot_be_varied_is_a_sentence(given: dict[str, str], saying: str) -> None:
    with pytest.raises(GanzooError, match=saying):
        read_space(given, KNOWN)


def test_a_grid_has_no_ranges_and_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(GanzooError, match="is a range, of which --random N draws"):
        grid(read_space({"lr": "1e-5..1e-3"}, KNOWN))
    with pytest.raises(GanzooError, match="wants more than the 2 combinations"):
        draw(read_space({"loss": "hinge,minimax"}, KNOWN), 3, 0)
