"""Settings: their documentation, conversion and range."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.config import build, option, options
from ganzoo.errors import GanzooError
from ganzoo.settings import Training, parse_size


@dataclass(frozen=True)
class Sample:
    lr: float = option(2e-4, "learning rate", above=0)
    n_critic: int = option(5, "critic updates", minimum=1, maximum=100)
    widths: tuple[int, ...] = option((128, 256), "units", minimum=1)
    prior: str = option("normal", "distribution", choices=("normal", "uniform"))
    flip: bool = option(False, "flip images")
    steps: int | None = option(None, "iterations", minimum=1)


def test_options_say_all_that_a_flag_needs() -> None:
    found = options(Sample)
    assert list(found) == ["lr", "n_critic", "widths", "prior", "flip", "steps"]
    assert found["n_critic"].flag == "--n-critic"
    assert found["n_critic"].range == "at least 1 and at most 100"
    assert found["lr"].doc == "learning rate"
    assert found["prior"].range == "one of normal, uniform"


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("lr", "1e-3", 1e-3),
        ("lr", 1, 1.0),
        ("n-critic", "7", 7),
        ("n_critic", "1e1", 10),
        ("widths", "64,32", (64, 32)),
        ("widths", [64, 32], (64, 32)),
        ("widths", "", ()),
        ("prior", "uniform", "uniform"),
        ("flip", True, True),
        ("flip", "false", False),
        ("steps", "100", 100),
        ("steps", None, None),
    ],
)
def test_values_are_converted(name: str, given: object, value: object) -> None:
    assert getattr(build(Sample, {name: given}), name.replace("-", "_")) == value


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("lr", 0, "--lr must be above 0, not 0"),
        ("lr", "-1e-3", "--lr must be above 0, not -1e-3"),
        ("lr", "nan", "--lr must be a number, not nan"),
        ("lr", "inf", "--lr must be a number, not inf"),
        ("lr", "fast", "--lr must be a number, not fast"),
        ("lr", True, "--lr must be a number, not True"),
        ("n_critic", 0, "--n-critic must be at least 1 and at most 100, not 0"),
        ("n_critic", 101, "--n-critic must be at least 1 and at most 100, not 101"),
        ("n_critic", 1.5, "--n-critic must be a whole number, not 1.5"),
        ("n_critic", None, "--n-critic must be a whole number, not None"),
        ("widths", "64,0", "--widths must be at least 1, not 0"),
        ("widths", "64,x", "--widths must be a whole number, not x"),
        ("widths", 64, "--widths must be a list of whole numbers such as 128,256, not 64"),
        ("prior", "unifrom", "there is no --prior value 'unifrom': did you mean 'uniform'?"),
        ("flip", "maybe", "--flip must be true or false, not maybe"),
        ("steps", 0, "--steps must be at least 1, not 0"),
        ("n_crtic", 3, "there is no setting 'n_crtic': did you mean 'n_critic'?"),
    ],
)
def test_bad_values_get_a_sentence(name: str, given: object, sentence: str) -> None:
    with pytest.raises(GanzooError) as error:
        build(Sample, {name: given})
    assert str(error.value) == sentence


def test_an_undocumented_field_is_refused() -> None:
    @dataclass
    class Bare:
        lr: float = 1.0

    with pytest.raises(TypeError, match=r"Bare\.lr is not made by ganzoo\.option"):
        options(Bare)


@given(st.integers(1, 9999), st.integers(1, 9999))
def test_image_sizes(height: int, width: int) -> None:
    assert parse_size(f"{height}x{width}") == (height, width)
    assert parse_size(str(height)) == (height, height)


@pytest.mark.parametrize("text", ["0", "64x", "x64", "64x0", "-1", "64X64", "6 4", "12345", ""])
def test_bad_image_sizes(text: str) -> None:
    with pytest.raises(GanzooError, match="--image-size must be"):
        parse_size(text)


def test_training_settings_are_documented() -> None:
    assert all(found.doc and not found.doc.endswith(".") for found in options(Training).values())
