"""Settings: their documentation, conversion and range."""

import keyword
from dataclasses import InitVar, dataclass, field, make_dataclass
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganzoo.config import build, check_config, option, options, parse_size
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.plugins.targets import TAKEN
from ganzoo.training.settings import Training


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


def test_a_number_is_a_text_where_one_is_wanted() -> None:
    """As ``image_size=32`` from Python, and ``image-size = 32`` in a file of settings."""
    assert build(Training, {"image_size": 32}).image_size == "32"
    with pytest.raises(GanzooError, match="--image-size must be a text, not True"):
        build(Training, {"image_size": True})


def test_training_settings_are_documented() -> None:
    assert all(found.doc and not found.doc.endswith(".") for found in options(Training).values())


# What a variant's Config may be


def game(config: Any) -> type:
    """A class with such a `Config`."""
    return type("Game", (), {"Config": config})


def complaint(config: Any) -> str:
    """What is wrong with it."""
    with pytest.raises(GanzooError) as error:
        check_config(game(config), TAKEN)
    assert "\n" not in str(error.value)
    return str(error.value)


def one_field(kind: Any, default: Any, name: str = "units") -> type:
    """A config of one field."""
    return make_dataclass("Config", [(name, kind, default)], frozen=True)


@pytest.mark.parametrize("row", registry().variants(), ids=lambda row: row.spec.name)
def test_the_configs_of_all_installed_variants_are_accepted(row: Any) -> None:
    check_config(row.load(), TAKEN)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        (int | None, None),
        (Optional[float], 1.5),  # noqa: UP045
        ("int", 3),
        (float, 1),
        (tuple[int, ...], ()),
    ],
)
def test_annotations_that_have_a_flag(kind: Any, default: Any) -> None:
    check_config(game(one_field(kind, option(default, "units of it"))), TAKEN)


def test_a_config_may_add_to_another_or_have_nothing_of_its_own() -> None:
    @dataclass(frozen=True)
    class Small:
        lr: float = option(2e-4, "learning rate", above=0)

    @dataclass(frozen=True)
    class More(Small):
        depth: int = option(2, "layers")

    class Same(More):
        pass

    for config in (Small, More, Same, make_dataclass("Config", [])):
        check_config(game(config), TAKEN)


@pytest.mark.parametrize(
    ("kind", "default", "sentence"),
    [
        (int, 3, "Game.Config.units is not made by ganzoo.option(): write option(DEFAULT, "),
        (int, field(default=3, metadata={"doc": "units"}), "Game.Config.units is not made by"),
        (int, option(3, " "), "Game.Config.units is not documented: say in one line what it is"),
        (int, option(3, "two\nlines"), "Game.Config.units is not documented"),
        (
            list[int],
            option((3,), "units"),
            "Game.Config.units is annotated list[int]: it must be bool, int, float, str, one of "
            "these | None, or tuple[int, ...]",
        ),
        (int | str, option(3, "units"), "Game.Config.units is annotated int | str: it must be"),
        (tuple[str, ...], option((), "units"), "Game.Config.units is annotated tuple[str, ...]"),
        (Any, option(3, "units"), "Game.Config.units is annotated"),
        (
            int,
            option(0, "units", minimum=1),
            "Game.Config.units has the default 0: it must be a value that --units itself accepts, "
            "at least 1",
        ),
        (int, option("3", "units"), "Game.Config.units has the default '3': it must be a value"),
        (int, option(None, "units"), "Game.Config.units has the default None"),
        (float, option(float("inf"), "units"), "Game.Config.units has the default inf"),
        (str, option("c", "units", choices=("a", "b")), "accepts, one of a, b"),
        ("Missing", option(3, "units"), "Game.Config has an annotation that cannot be evaluated ("),
        (InitVar[int], 3, None),
    ],
)
def test_a_field_that_cannot_be_a_flag(kind: Any, default: Any, sentence: str | None) -> None:
    config = one_field(kind, default)
    if sentence is None:  # an argument of the constructor alone, with a default: no setting
        check_config(game(config), TAKEN)
    else:
        assert sentence in complaint(config)


def test_what_is_no_dataclass_is_refused() -> None:
    class Bare:
        units: int = option(3, "units")

    class Undecorated(Sample):
        units: int = option(3, "units")

    class Unannotated(Sample):
        lr = option(3, "learning rate")

    class Plain(Sample):
        units: int = 3

    @dataclass(frozen=True)
    class Mixed(Bare):
        more: int = option(3, "units")

    for config in (Bare, Undecorated, Unannotated, Plain, Mixed):
        assert complaint(config) == (
            "Game.Config is no dataclass: write @dataclass(frozen=True) above it"
        )
    for nothing in (None, Sample(), {"lr": 1}):
        assert complaint(nothing) == (
            "Game has no Config: it must be a dataclass of ganzoo.option() fields"
        )


def test_a_config_that_refuses_its_own_defaults_is_refused() -> None:
    @dataclass(frozen=True)
    class Picky:
        units: int = option(3, "units")

        def __post_init__(self) -> None:
            raise ValueError("too\nfew")

    assert complaint(Picky) == (
        "Game.Config() raises ValueError: too few: it must accept its own defaults"
    )


OTHERS = [*options(Training), "no_flip", "no_recompute", "variant", "out", "resume", "config"]


@pytest.mark.parametrize("name", [*OTHERS, "help"])
def test_a_flag_of_train_itself_is_no_name_for_a_setting(name: str) -> None:
    assert complaint(one_field(int, option(3, "units"), name)) == (
        f"Game.Config.{name} would be a second flag --{name.replace('_', '-')} of `ganzoo train`: "
        "rename it"
    )


def test_a_setting_named_like_anothers_negation_is_refused() -> None:
    @dataclass(frozen=True)
    class Both:
        bias: bool = option(True, "have a bias")
        no_bias: bool = option(False, "have none")

    assert "Game.Config.no_bias would be a second flag --no-bias" in complaint(Both)


TYPES = st.sampled_from(
    [(bool, False), (int, 3), (float, 0.5), (str, "a"), (tuple[int, ...], (1,))]
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), TYPES, max_size=4))
def test_a_config_is_accepted_unless_two_flags_would_have_one_name(
    found: dict[str, tuple[Any, Any]],
) -> None:
    found = {name: kind for name, kind in found.items() if not keyword.iskeyword(name)}
    config = make_dataclass("Config", [(k, t, option(d, "it")) for k, (t, d) in found.items()])
    names = [*found, *(f"no_{name}" for name, (kind, _) in found.items() if kind is bool)]
    taken = {*OTHERS, "help", "no_sync_batch_norm"}
    if len({*names}) < len(names) or any(name in taken for name in found):
        assert "would be a second flag" in complaint(config)
    else:
        check_config(game(config), TAKEN)
        assert list(options(config)) == list(found)


def test_the_flags_of_train_are_taken() -> None:
    own = options(Training)
    negatives = {f"no_{name}" for name, known in own.items() if known.type is bool}
    assert {"variant", "out", "resume", "config", "dry_run", "help", *own, *negatives} == TAKEN
