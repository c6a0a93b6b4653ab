"""The commands of the README that use runs do what stands behind them, typed as they stand there.

Others are typed by the tests of what they show: sweeps, exports, pages, loggers, forecasts.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import ganzoo
from helpers.places import ROOT
from PIL import Image

from ganzoo.data.made import drawing
from ganzoo.runs.run import Run

LINES = [
    shlex.split(line, comments=True)[1:]
    for line in re.findall(r"^ganzoo .*", (ROOT / "README.md").read_text(), re.MULTILINE)
]
FIRST = "runs/00001-dcgan-mnist"
SHORTER = {
    "best": "last",
    "6000": "4",
    "9000": "5",
    "10000": "20",
    "90": "5",
    "200": "20",
    "mnist": "glyphs",
}
"""What takes long, and data that are not everywhere, in other words."""
SMALL = ("--width", 4, "--batch-size", 16, "--mode", "eager")
GLYPHS = ("--dataset", "glyphs", *SMALL)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder with the runs that the README has, a little of each, and with images."""
    patch = pytest.MonkeyPatch()
    patch.chdir(tmp_path_factory.mktemp("readme"))
    for split, samples in (("train", 600), ("test", 200)):
        patch.setitem(drawing.SAMPLES, split, samples)
    for name in ("DIGITS", "DIGITS/some", "DIGITS/others"):
        Path(name).mkdir()
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 256, (28, 28), np.uint8)
        place = "some" if number % 2 else "others"
        Image.fromarray(pixels).save(f"DIGITS/{place}/{number}.png")
    shutil.copy("DIGITS/some/1.png", "seven.png")
    digits = ("--dataset", "folder", "--data-root", "DIGITS", *SMALL)
    cyclegan = ("--dataset", "glyphs+ink", "--width", 2, "--blocks", 1, "--batch-size", 1)
    for args in (
        ("dcgan", *GLYPHS, "--steps", 3, "--out", FIRST),
        ("dcgan", *GLYPHS, "--steps", 1, "--lr", 1e-3, "--out", "runs/00002-dcgan-mnist"),
        ("dcgan", *digits, "--steps", 2, "--out", "runs/00003-dcgan-folder"),
        ("cgan", *GLYPHS, "--steps", 1, "--out", "runs/00006-cgan-mnist"),
        ("sgan", *GLYPHS, "--labels", 40, "--steps", 1, "--out", "runs/00007-sgan-mnist"),
        ("cyclegan", *cyclegan, "--steps", 1, "--out", "runs/00008-cyclegan-glyphs+ink"),
    ):
        result = ganzoo("train", *args)
        assert result.status == 0, (args, result.err)
    shutil.copytree("DIGITS", "MOVED")
    yield
    patch.undo()


def typed(*begin: str) -> list[list[str]]:
    """The lines that begin so, with what takes long made shorter."""
    found = [line for line in LINES if line[: len(begin)] == [*begin]]
    return [[SHORTER.get(word, word) for word in line] for line in found]


def done(line: list[str], *more: object) -> str:
    result = ganzoo(*line, *more)
    assert result.status == 0, (line, result.err)
    return result.out


def test_trainings_that_go_on() -> None:
    lines = typed("train", "--resume")
    assert len(lines) == 3
    for line in lines:
        own = () if "--steps" in line else ("--steps", 3)
        assert "finished step" in done(line, *own)
    assert Run.open(Path("runs/00003-dcgan-folder")).step == 3


def test_trainings_that_start_from_another() -> None:
    lines = typed("train", "dcgan", "--init")
    assert len(lines) == 2
    said = [done(line, *SMALL, "--steps", 1) for line in lines]
    assert all("it starts from" in one for one in said)
    assert ["are frozen" in one for one in said] == [False, True]


def test_samples_and_walks() -> None:
    lines = typed("sample") + typed("walk")
    assert len(lines) == 7
    for line in lines:
        done(line)
    assert len(np.load("digits.npz")["images"]) == 20
    assert Image.open("grid.png").width >= 8 * 4 * 28
    assert Path("sevens/00000-7.png").exists()
    assert Image.open("walk.gif").n_frames == 5


def test_the_latent_of_an_image_its_class_and_its_translation() -> None:
    done(*typed("project"), "--steps", 3)
    assert Path("seven/latent.safetensors").exists()
    (line,) = typed("classify")
    assert "seven.png" in done(line)
    (line,) = typed("translate", "runs/00008-cyclegan-glyphs+ink")
    places = iter(("DIGITS", "INKED"))  # of which each is called DIR
    done([next(places) if word == "DIR" else word for word in line])
    assert [*Path("INKED").rglob("*.png")]


def test_which_is_better_and_what_there_is() -> None:
    (pair,) = typed("compare", FIRST)
    assert FIRST in done(pair)
    (line,) = typed("runs")
    assert FIRST in done(line)
    assert "devices: " in done(*typed("--version"))
