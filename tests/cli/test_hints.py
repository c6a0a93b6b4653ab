"""What a newcomer reads: settings, hints after a training, lists that fit, and early refusals."""

import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from helpers.zoo import make_small

from ganzoo.cli import output
from ganzoo.cli.commands.train import next_commands
from ganzoo.metrics.protocol import in_plain_words
from ganzoo.training import start

pytestmark = pytest.mark.usefixtures("here", "blank")


def test_the_settings_name_the_variant_as_lists_do_and_the_learning_rate() -> None:
    done = ganzoo("train", "vanilla", *TINY, "--steps", 1, "--lr", 3e-4, "--out", "run")
    assert re.search(r"^  variant +vanilla$", done.out, re.MULTILINE)
    assert re.search(r"^  learning rate +0\.0003$", done.out, re.MULTILINE)
    dry = ganzoo("train", "infogan", "--dataset", "glyphs", "--steps", 1, "--dry-run")
    two = r"^  learning rate +(discriminator|generator) [\d.]+, .*generator 0\.001"
    assert re.search(two, dry.out, re.MULTILINE)


def hints(variant: str) -> dict[str, str]:
    made: Any = SimpleNamespace(run=SimpleNamespace(path="r"), engine=make_small(variant))
    return next_commands(made)


def test_hints_name_what_the_command_needs() -> None:
    assert re.search(r" --set \w+=1 --input DIR", hints("stargan")["translate"])
    assert "--set" not in hints("cyclegan")["translate"]
    assert " --label 9 " in hints("cgan")["of a class"]
    assert "of a class" not in hints("dcgan")
    assert hints("infogan")["as you ask"] == "ganzoo sample r --help"
    assert "as you ask" not in hints("dcgan")


def test_hints_name_a_place_that_is_free() -> None:
    """The same was proposed after each training, and worked once."""
    assert hints("cgan")["draw more"].endswith(" --out samples")
    for name in ("samples", "samples-2", "of-a-class"):
        Path(name).mkdir()
    assert hints("cgan")["draw more"].endswith(" --out samples-3")
    assert hints("cgan")["of a class"].endswith(" --out of-a-class-2")


@pytest.mark.parametrize("folder", ["photos", "my photos/of cats"])
def test_a_folder_in_the_place_of_a_name_is_told_where_it_belongs(folder: str) -> None:
    Path(folder).mkdir(parents=True)
    where = f"--dataset folder --data-root {shlex.quote(folder)}"
    named = ganzoo("train", "dcgan", "--dataset", folder)
    assert named.err == (
        f"ganzoo: error: there is no data set '{folder}', but a folder: if it is of your images, "
        f"use {where}\n"
    )
    beside = ganzoo("train", "dcgan", folder, "--steps", 5)
    assert beside.err.endswith(f"takes one variant, and your images by {where}\n")


def test_what_exists_already_is_refused_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("run").mkdir()
    Path("run/file").touch()
    Path("walk.gif").touch()
    for args in (
        ("walk", "run", "--between", "1,2", "--out", "walk.gif"),
        ("sample", "run", "--out", "walk.gif"),
    ):
        assert ganzoo(*args).err == (
            "ganzoo: error: walk.gif exists already: choose another --out\n"
        )
    monkeypatch.setattr(start, "load_dataset", None)  # which may decode for minutes
    done = ganzoo("train", "vanilla", *TINY, "--out", "run")
    assert "run exists already: choose another --out" in done.err


def test_other_folders_of_runs_are_named() -> None:
    train_tiny(Path("runs/one"))
    assert "`ganzoo runs DIR...` lists others" in ganzoo("runs").out
    train_tiny(Path("runs/sweep-x/a"))
    train_tiny(Path("elsewhere/b"))
    said = ganzoo("runs").out
    assert "runs/one" in said
    assert "runs/sweep-x has runs of its own: `ganzoo runs runs/sweep-x`" in said
    both = ganzoo("runs", "elsewhere", "runs/sweep-x", "--json")
    assert [Path(row["path"]).name for row in json.loads(both.out)] == ["b", "a"]


@pytest.mark.parametrize("command", ["list", "datasets", "losses", "evaluators"])
def test_a_row_is_a_line_on_a_terminal_of_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [row["name"] for row in json.loads(ganzoo(command, "--json").out)]
    monkeypatch.setattr(output, "WIDE", 80)
    first = ganzoo(command).out.split("\n\n")[0].splitlines()
    assert all(len(line) <= 80 for line in first[: 2 + len(names)])
    assert [line.split()[0] for line in first[2 : 2 + len(names)]] == names
    assert all(" ok " in line for line in first[2 : 2 + len(names)])
    assert "or a wider terminal also show" in ganzoo(command).out


def test_each_score_and_each_word_of_a_protocol_is_told_in_a_line() -> None:
    listed = ganzoo("evaluators").out
    for name in ("frechet", "recall", "class_kl", "memorised", "class_entropy", "sample_diversity"):
        assert re.search(rf"^{name} .*\w+ \w+", listed, re.MULTILINE), name
    told = in_plain_words("ganzoo 1; data x, test split; fake 350; real 35; control 263; seed 0")
    assert told.startswith("fake: samples; real: held-out ones that they are compared with; ")
    assert "control: training ones in the samples' place, for the column 'real data'" in told
    assert "made" not in told
