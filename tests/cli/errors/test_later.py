"""A run that a later version of ganzoo wrote is refused in a sentence, by every command."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from helpers.refusals import refused
from PIL import Image

pytestmark = pytest.mark.usefixtures("here")
SAID = "was written by a later version of ganzoo, and this one cannot read it: `pip install"


def change(path: Path, **values: Any) -> None:
    told = json.loads(path.read_text())
    (told["data"] if "rules" in values else told).update(values)
    path.write_text(json.dumps(told))


COMMANDS: list[list[object]] = [
    ["train", "--resume", "tiny", "--steps", 6],
    ["train", "vanilla", *TINY, "--steps", 1, "--init", "tiny", "--out", "new"],
    ["sample", "tiny", "--out", "x"],
    ["walk", "tiny", "--between", "1,2", "--out", "x.gif"],
    ["project", "tiny", "x.png", "--out", "x"],
    ["evaluate", "tiny"],
    ["classify", "tiny", "x.png"],
    ["translate", "tiny", "--direction", "a2b", "--input", "x.png", "--out", "y"],
    ["reconstruct", "tiny", "--input", "x.png", "--out", "y"],
    ["export", "tiny", "--format", "torch", "--out", "y"],
    ["report", "tiny"],
    ["compare", "tiny", "other"],
]


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
@pytest.mark.parametrize("later", [{"format": 2}, {"rules": 3}], ids=str)
def test_a_record(tiny: Path, args: list[object], later: dict[str, int]) -> None:
    shutil.copytree(tiny, "other")
    Image.new("L", (8, 8)).save("x.png")
    change(tiny / "run.json", **later)
    refused(*args, saying=("run.json", SAID))


@pytest.mark.parametrize("args", COMMANDS[:4], ids=lambda args: args[0])
def test_a_checkpoint(tiny: Path, args: list[object]) -> None:
    change(tiny / "checkpoints" / "00000005" / "manifest.json", format="2")
    refused(*args, saying=("manifest.json", SAID))


def test_a_list_goes_on_without_it(tiny: Path) -> None:
    train_tiny(Path("other"))
    change(tiny / "run.json", format=2)
    listed = ganzoo("runs", ".")
    assert listed.status == 0
    assert SAID in listed.err
    assert "other" in listed.out
    assert "tiny" not in listed.out


def test_the_number_is_written(tiny: Path) -> None:
    assert json.loads((tiny / "run.json").read_text())["format"] == 1
