"""Settings as flags and as files, and what is asked of data."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from helpers.plugins.toy import TOY_INIT, TOY_VARIANT, settings, write_images

from ganzoo import option
from ganzoo.cli.asked import make_flag, merge
from ganzoo.config import options
from ganzoo.training.settings import Training

pytestmark = pytest.mark.usefixtures("here")


def test_help_shows_every_setting_in_its_group() -> None:
    common = ganzoo("train", "--help").out
    assert "Training" in common
    assert "--latent-dim" not in common
    assert re.search("(?s)Variants: .*dcgan.*vanilla", common)
    full = ganzoo("train", "dcgan", "--help").out
    for flag in (o.flag for o in options(Training).values()):
        assert flag in common
        assert flag in full
    assert full.index(" Training ") < full.index("--batch-size") < full.index(" DCGAN ")
    assert full.index(" DCGAN ") < full.index("--width")
    assert "default: 0.0002" in re.sub(r"[│\s]+", " ", full)
    assert "above 0" in full
    assert "Example: ganzoo train dcgan --steps 1000" in full


@dataclass(frozen=True)
class Config:
    cond: bool = option(True, "condition")
    widths: tuple[int, ...] = option((3, 4), "widths", minimum=1)
    rate: float | None = option(None, "rate", above=0)
    kind: str = option("a", "kind", choices=("a", "b"))


def test_a_flag_says_what_its_setting_says() -> None:
    cond, widths, rate, kind = (make_flag(o, "Test") for o in options(Config).values())
    assert (cond.opts, cond.secondary_opts, cond.default) == (["--cond"], ["--no-cond"], True)
    assert (widths.metavar, widths.default) == ("INT,INT,...", "3,4")
    assert widths.help == "widths; at least 1"
    assert (rate.metavar, rate.default) == ("NUMBER", None)
    assert (kind.metavar, kind.help) == ("a|b", "kind")


def test_only_what_is_given_is_set() -> None:
    run = train_tiny(Path("run"), "--lr", 0.001)
    told = settings(run)
    assert (told["lr"], told["generator_widths"], told["steps"]) == (0.001, [8], 5)
    assert (told["latent_dim"], told["batch_size"]) == (16, 256)


def test_the_name_may_come_after_flags() -> None:
    result = ganzoo("train", *TINY, "--lr", 0.1, "--steps", 1, "vanilla", "--out", "run")
    assert result.status == 0, result.err
    assert settings(Path("run"))["lr"] == 0.1


def test_a_file_of_settings_yields_to_flags() -> None:
    Path("settings.toml").write_text(
        "variant = 'vanilla'\ndataset = 'ring8'\ngenerator-widths = [8]\n"
        "discriminator_widths = [8]\nlr = 0.1\nsteps = 1000\n"
    )
    result = ganzoo("train", "--config", "settings.toml", "--lr", 0.2, "--steps", 2, "--out", "run")
    assert result.status == 0, result.err
    told = settings(Path("run"))
    assert (told["generator_widths"], told["discriminator_widths"]) == ([8], [8])
    assert (told["dataset"], told["lr"], told["steps"]) == ("ring8", 0.2, 2)


def test_a_length_on_the_command_line_replaces_the_one_in_the_file() -> None:
    assert merge({"steps": 5, "lr": 1}, {"epochs": "2"}) == {"lr": 1, "epochs": "2"}
    assert merge({"epochs": 5}, {"steps": "2"}) == {"steps": "2"}
    assert merge({"epochs": 5, "steps": 1}, {"lr": "2"}) == {"epochs": 5, "steps": 1, "lr": "2"}


def test_a_switch_of_a_third_partys_variant(install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    data = write_images(Path("images"), ("a", "b"))
    for flags, wanted in (([], False), (["--bright"], True), (["--no-bright"], False)):
        out = Path(f"run{len(flags)}{wanted}")
        result = ganzoo("train", "toy", *data, *flags, "--out", out)
        assert result.status == 0, result.err
        assert settings(out)["bright"] is wanted


def test_a_conditional_variant_needs_labels(install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    result = ganzoo("train", "toy", *write_images(Path("images")), "--out", "run")
    assert (result.status, Path("run").exists()) == (2, False)
    assert "toy needs labelled data, and 'images' has no labels" in result.err


def test_a_small_data_set_gets_batches_that_it_can_fill() -> None:
    *data, _, _ = write_images(Path("images"))  # without its --batch-size
    result = ganzoo("train", "vanilla", *data, "--steps", 1, "--out", "run")
    assert result.status == 0, result.err
    assert settings(Path("run"))["batch_size"] == 11
