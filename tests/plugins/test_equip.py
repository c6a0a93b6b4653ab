"""What names in settings mean."""

from dataclasses import dataclass
from typing import Any

import pytest

from ganzoo import AdversarialConfig, GanzooError, option
from ganzoo.augmentations import Translation
from ganzoo.config import AUGMENTATIONS, build, options
from ganzoo.losses import hinge, non_saturating
from ganzoo.plugins.equip import equipped, parsed
from ganzoo.regularisers import R1, R2


def made(**settings: Any) -> AdversarialConfig:
    return equipped(build(AdversarialConfig, settings))


def test_names_are_replaced_by_what_they_mean() -> None:
    config = made(loss="hinge", regulariser="r1:gamma=1,every=16,r2", augment="translation")
    assert config.loss is hinge
    assert [*config.regulariser] == ["r1", "r2"]
    r1, r2 = config.regulariser.values()
    assert isinstance(r1, R1)
    assert isinstance(r2, R2)
    assert (float(r1.weight), r1.every) == (0.5, 16)
    assert (float(r2.weight), r2.every) == (5.0, 1)
    assert isinstance(config.augment["translation"], Translation)
    assert config.lr == 2e-4


def test_nothing_is_named_by_default_but_a_loss() -> None:
    config = made()
    assert config.loss is non_saturating
    assert config.regulariser == config.augment == {}
    assert equipped(config) is not None
    assert equipped(config).loss is non_saturating


def test_what_a_variant_has_by_default_can_be_left_out() -> None:
    @dataclass(frozen=True)
    class Config(AdversarialConfig):
        augment: Any = option("translation", "changes", names=AUGMENTATIONS)

    assert [*equipped(Config()).augment] == ["translation"]
    assert equipped(build(Config, {"augment": "none"})).augment == {}
    assert made(regulariser="none").regulariser == {}


def test_parts_are_made_anew_for_each_variant() -> None:
    assert made(regulariser="r1").regulariser["r1"] is not made(regulariser="r1").regulariser["r1"]


def test_settings_without_names_are_left_alone() -> None:
    @dataclass(frozen=True)
    class Plain:
        lr: float = option(1e-3, "learning rate")

    config = Plain()
    assert equipped(config) is config


def test_a_named_setting_is_typed_as_a_text() -> None:
    known = options(AdversarialConfig)
    assert known["loss"].type is str
    assert known["regulariser"].convert("r1") == "r1"
    assert known["regulariser"].flag == "--regulariser"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("r1", [("r1", {})]),
        ("r1,r2", [("r1", {}), ("r2", {})]),
        ("r1:gamma=1,r2", [("r1", {"gamma": "1"}), ("r2", {})]),
        (
            "r1:gamma=1,every=4, r2:gamma=2",
            [("r1", {"gamma": "1", "every": "4"}), ("r2", {"gamma": "2"})],
        ),
        ("ganzoo-core:r1:gamma=1", [("ganzoo-core:r1", {"gamma": "1"})]),
    ],
)
def test_parts_and_their_settings(text: str, parts: list[Any]) -> None:
    assert list(parsed(text, "--regulariser")) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r3", "there is no regulariser 'r3'"),
        ("gamma=1", "--regulariser gamma=1 must be NAME or NAME:SETTING=VALUE"),
        ("r1:=1", "--regulariser r1:=1 must be NAME or NAME:SETTING=VALUE"),
        ("r1:gama=1", "--regulariser r1: there is no setting 'gama': did you mean 'gamma'"),
        ("r1:gamma=much", "--regulariser r1: gamma must be a number, not much"),
        ("r1:every=0", "--regulariser r1: every must be at least 1, not 0"),
        ("r1,ganzoo-core:r1", "names ganzoo-core:r1 twice: give it once"),
        ("r1:gamma=1,gamma=2", "gives gamma of r1 twice: give it once"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(GanzooError) as error:
        made(regulariser=text)
    assert message in str(error.value)
