"""What would take more memory or disk than there is: refused before anything is drawn."""

import shutil
from pathlib import Path

import pytest
from helpers.cli import ganzoo, train_tiny
from helpers.refusals import refused
from PIL import Image

import ganzoo as library
from ganzoo.errors import GanzooError
from ganzoo.library import writing
from ganzoo.library.writing import filmed, held, written
from ganzoo.spec import Field

pytestmark = pytest.mark.usefixtures("here")
MANY = 10**15


@pytest.mark.parametrize("out", ["x", "x.npz", "x.png"])
def test_more_samples_than_fit(tiny: Path, out: str) -> None:
    refused("sample", tiny, "--n", MANY, "--out", out, saying=("GB of memory, and", "smaller --n"))


def test_more_variations_frames_and_measured_samples_than_fit(tiny: Path) -> None:
    refused("sample", tiny, "--around", 1, "--n", MANY, "--out", "x", saying="GB of memory, and")
    walk = ("walk", tiny, "--between", "1,2", "--out", "x.gif")
    refused(*walk, "--frames", MANY, saying=("GB of memory, and", "fewer --frames"))
    refused("evaluate", tiny, "--n", MANY, saying=("GB of memory, and", "smaller --n"))


def test_in_python(tiny: Path) -> None:
    run = library.open_run(tiny)
    for ask in (lambda: run.sample(MANY), lambda: run.walk([1, 2], frames=MANY)):
        with pytest.raises(GanzooError, match="GB of memory, and"):
            ask()


def test_images_that_are_too_large_for_a_picture() -> None:
    Path("photos").mkdir()
    for number in range(2):
        Image.new("L", (8, 8), number).save(Path("photos", f"{number}.png"))
    folder = ("--dataset", "folder", "--data-root", "photos", "--image-size", 8)
    run = train_tiny(Path("run"), *folder)
    samples = library.open_run(run).sample(2)
    for ask in (lambda: samples.png(scale=10**6), lambda: samples.save("x", scale=10**6)):
        with pytest.raises(GanzooError, match="smaller --scale"):
            ask()
    assert not Path("x").exists()


def test_a_disk_that_is_too_small(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: (1000, 900, 100))
    for out in ("x", "x.npz"):
        refused("sample", tiny, "--n", 5000, "--out", out, saying=("of the disk of", "smaller"))
    assert ganzoo("sample", tiny, "--n", 5, "--out", "x.npz").status == 0


def test_where_nobody_knows_how_much_there_is(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "free_memory", lambda: None)
    assert ganzoo("sample", tiny, "--n", 5, "--out", "x.npz").status == 0


def test_what_is_needed_grows_with_what_is_asked_for() -> None:
    field = Field("image", "image", (3, 8, 8))
    assert held(field, 10, 4).memory > 10 * held(field, 10).memory > 10 * held(field, 1).memory
    assert written(field, 10, "npz").disk == 10 * 3 * 8 * 8
    assert written(field, 10, "files").disk > 0
    assert filmed(field, 10, 9).memory > filmed(field, 10).memory
