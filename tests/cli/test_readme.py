"""The commands of the README that use runs do what stands behind them, typed as they stand there.

Others are typed by the tests of what they show: `ELSEWHERE`.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.cli import ganzoo
from helpers.places import ROOT
from PIL import Image

import ganzoo as library
from ganzoo.bench import forecast, recommend
from ganzoo.data.made import drawing
from ganzoo.errors import GanzooError
from ganzoo.metrics.features import classifier
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
ELSEWHERE = {
    "sweep": "sweeps/test_sweep.py",
    "export": "export/test_export.py",
    "report": "report/test_report.py",
    "reproduce": "claims/test_reproduce.py",
    "bench": "bench/quality/test_command.py",
    "new": "test_tutorial.py",
    "check": "test_tutorial.py",
}
"""Commands, and the tests that type them."""
_HERE = "train sample walk project classify translate enlarge restore evaluate compare runs"
HERE = {*_HERE.split(), "list", "info", "recommend", "--version"}
PHOTOS = ("--dataset", "folder", "--data-root", "PHOTOS", "--image-size", 32)
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
    Path("PHOTOS").mkdir()
    for number in range(60):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(f"PHOTOS/{number}.png")
    shutil.copy("PHOTOS/1.png", "small.png")
    shutil.copy("PHOTOS/2.png", "torn.png")
    Image.fromarray(np.uint8(255 * np.eye(32))).save("tear.png")
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


def test_what_makes_images_of_images() -> None:
    stars = ("--dataset", "painted-glyphs", "--few", 20, "--n-critic", 1, "--blocks", 1)
    for args in (
        ("stargan", *stars, "--out", "runs/00009-stargan-painted-glyphs"),
        ("srgan", *PHOTOS, "--out", "larger"),
        ("context-encoder", *PHOTOS, "--bottleneck", 4, "--out", "wholer"),
    ):
        done(["train", *map(str, args)], "--width", 2, "--batch-size", 2, "--steps", 1)
    (line,) = typed("translate", "runs/00009-stargan-painted-glyphs")
    places = iter(("DIGITS", "PAINTED"))
    done([next(places) if word == "DIR" else word for word in line])
    for command, run in (("enlarge", "larger"), ("restore", "wholer")):
        (line,) = typed(command)
        done([run if word == "RUN" else word for word in line])
    assert [*Path("PAINTED").rglob("*.png")]
    assert [*Path("large").rglob("small.png")]
    assert [*Path("whole").rglob("torn.png")]


def test_how_good_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(classifier, "STEPS", 8)
    done(["train", "vanilla"], *PHOTOS, "--steps", 1, "--out", "runs/00010-fastgan-PHOTOS")
    lines = typed("evaluate")
    assert len(lines) == 3
    told = [done(line, "--n", 20) for line in lines]
    assert ["features classifier" in one for one in told] == [False, True, True]
    assert "features photos" in told[0]
    (pair,) = typed("compare", FIRST)
    assert "other scores" in done(pair)
    shutil.copytree("runs/00002-dcgan-mnist", "runs/sweep-dcgan/0")
    shutil.copytree("runs/00001-dcgan-mnist", "runs/sweep-dcgan/1")
    (line,) = typed("compare", "runs/sweep-dcgan")
    assert "first by frechet" in done(line)


def test_what_there_is_and_what_suits(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in typed("list") + typed("info"):
        assert "dcgan" in done(line)

    def tried(row: Any, photos: Any, side: int, device: str) -> recommend.Trial:
        return recommend.Trial(row.spec.name, side, 8, 1000, 0.1, 0)

    monkeypatch.setattr(recommend, "_try", tried)
    (line,) = typed("recommend")
    assert "ganzoo train" in done(line)


def test_flags_of_trainings_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is trained: that is what the tests of variants do."""

    def foreseen(name: str, given: dict[str, object], out: object) -> None:
        raise GanzooError(f"{name} was asked for")

    monkeypatch.setattr(forecast, "forecast", foreseen)
    lines = [line for line in LINES if line[:1] == ["train"] and "--resume" not in line]
    assert len(lines) > 15
    for line in lines:
        if line[1] != "mygan":
            result = ganzoo(*line, *(() if "--dry-run" in line else ("--dry-run",)))
            assert f"{line[1]} was asked for" in result.err, (line, result.err)


def test_no_command_is_forgotten() -> None:
    assert {line[0] for line in LINES} == HERE | ELSEWHERE.keys()
    for name, place in ELSEWHERE.items():
        assert name in (ROOT / "tests" / place).read_text()


def test_the_lines_of_python() -> None:
    text = (ROOT / "README.md").read_text()
    train, sample = re.findall(r"`((?:run = )?ganzoo\.(?:train|open_run)\(.*?)`[,\n ]", text)
    small = train.replace("mnist", "glyphs").replace("200", "1, width=4, batch_size=4")
    names = {"ganzoo": library, "path": "runs/00006-cgan-mnist"}
    exec(small, names)
    assert repr(names["run"])
    assert len(eval(sample, names)) == 9
