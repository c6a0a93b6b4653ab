"""Decoded images that something else writes over, or cuts short, while they are trained on."""

import os
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import make
from ganzoo.data.mapped import refuse_shortened
from ganzoo.data.sources import cache
from ganzoo.data.sources.folder import load
from ganzoo.metrics.splits import choose
from ganzoo.runs import checkpoint
from ganzoo.training.observer import Observer, Record

TINY = {"image_size": "8x8", "generator_widths": (8,), "discriminator_widths": (8,)}
SHORT = {"batch_size": 2, "steps": 4, "log_every": 1, "checkpoint_every": 2}


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for number in range(4):
        pixels = np.full((8, 8, 3), 20 * number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    return tmp_path / "cache"


class Careless(Observer):
    """Does something to the decoded images at step 3, and keeps what is reported."""

    def __init__(self, caches: Path, does: Callable[[Path], object]) -> None:
        self.caches, self.does, self.said = caches, does, list[str]()
        self.last = 0

    def logged(self, record: Record) -> None:
        self.last = record.step
        if record.step == 3:
            for file in self.caches.glob("*.safetensors"):
                self.does(file)

    def report(self, message: str) -> None:
        self.said.append(message)


def train(
    caches: Path, does: Callable[[Path], object] | Careless, **settings: object
) -> ganzoo.TrainedRun:
    place = caches.parent
    more = {"dataset": "folder", "data_root": place / "photos", **TINY, **SHORT, **settings}
    observer = does if isinstance(does, Careless) else Careless(caches, does)
    return ganzoo.train("vanilla", out=place / "run", observer=observer, **more)


def write_over(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(2000)
        opened.write(b"others")


def cut_short(file: Path) -> None:
    os.truncate(file, 100)


def replace_all(file: Path) -> None:
    (copy := file.with_name("copy")).write_bytes(file.read_bytes())
    copy.replace(file)


def test_what_was_trained_on_other_pixels_is_not_saved(
    caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "COPIED", 0)
    with pytest.raises(ganzoo.GanzooError, match=r"something has changed the decoded .*--resume"):
        train(caches, write_over)
    run = caches.parent / "run"
    latest = checkpoint.latest(run / "checkpoints")
    assert latest is not None
    assert checkpoint.step_of(latest) == 2
    assert ganzoo.train(resume=run, progress=False).step == 4


@pytest.mark.parametrize("workers", [False, True])
def test_images_that_are_cut_short_are_not_read(
    caches: Path, workers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who does that is ended by the system; workers notice it up to what they have read ahead."""
    monkeypatch.setattr(cache, "COPIED", 0)
    if workers:
        monkeypatch.setattr(make, "_default_budget", lambda device: 0)
    long = {"steps": 50, "checkpoint_every": 50}
    watching = Careless(caches, cut_short)
    with pytest.raises(ganzoo.GanzooError, match=r"^something has changed the decoded [^\n]*$"):
        train(caches, watching, **long)
    assert watching.last < (40 if workers else 4)


def test_nor_by_an_evaluation(caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "COPIED", 0)
    request = DataRequest(root=caches.parent / "photos", image_size=(8, 8))
    dataset = load(request)
    (file,) = caches.glob("*.safetensors")
    cut_short(file)
    for reads in (partial(choose, n=2, seed=0), partial(Dataset.few, n=2)):
        with pytest.raises(ganzoo.GanzooError, match="something has changed the decoded"):
            reads(dataset)
    images = weakref.ref(dataset.tensors["image"])
    del dataset
    assert images() is None
    refuse_shortened()  # nobody reads them any more


def test_images_that_are_replaced_as_a_whole_stay_as_they_were(
    caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "COPIED", 0)
    assert train(caches, replace_all).step == 4


@pytest.mark.parametrize("does", [write_over, cut_short])
def test_few_images_are_copied_whatever_becomes_of_the_file(
    caches: Path, does: Callable[[Path], None]
) -> None:
    assert train(caches, does).step == 4


def test_a_run_that_left_no_word_says_so_when_it_goes_on(caches: Path) -> None:
    made = train(caches, lambda file: None)
    made.run.close(None)  # as where the system ends it
    watching = Careless(caches, lambda file: None)
    ganzoo.train(resume=made, observer=watching, steps=5)
    assert any("killed and left no word" in line and "step 4" in line for line in watching.said)
