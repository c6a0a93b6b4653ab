"""What is said where an evaluation takes long, and how many samples it draws."""

from pathlib import Path
from types import ModuleType

import pytest
import torch
from helpers.cli import ganzoo
from PIL import Image

from ganzoo.cli.commands.listing import extractors
from ganzoo.cli.commands.using import evaluate
from ganzoo.data.dataset import Dataset
from ganzoo.data.made import glyphs
from ganzoo.metrics.evaluate import drawn_for
from ganzoo.metrics.features import classifier, teaching
from ganzoo.metrics.features.make import make_extractor

TAUGHT = "training a classifier of 10 classes on 300 images of 'digits'"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, and a training that is short enough for a test."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(classifier, "STEPS", 8)
    return tmp_path / "cache"


def digits() -> Dataset:
    label = torch.arange(300) % 10
    image = glyphs.draw(label, (28, 28), torch.Generator().manual_seed(0))
    return Dataset.of("digits", image, label, tuple("0123456789"))


def learn() -> list[str]:
    """What was said while a classifier was made."""
    said: list[str] = []
    make_extractor("classifier", digits(), None, torch.device("cpu"), said.append)
    return said


def test_who_waits_hears_once_for_how_long_and_then_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(teaching, "QUIET", -1.0)
    first, *rest = learn()
    assert first.startswith(f"{TAUGHT}, about ")
    assert first.endswith(" s; it is kept")
    assert rest == [f"{TAUGHT}: 88 %", f"{TAUGHT}: 100 %"]  # 8 steps, of which 6 are timed


def test_a_rehearsal_tells_what_it_would_take_and_keeps_nothing(cache: Path) -> None:
    with teaching.rehearsing() as seconds:
        assert learn() == []
    assert len(seconds) == 1
    assert 0 < seconds[0] < 60
    assert not cache.exists()
    assert learn()


@pytest.mark.parametrize(
    ("held_out", "drawn"), [(1, 10), (35, 350), (1000, 10_000), (9**5, 10_000)]
)
def test_ten_are_drawn_for_each_that_is_held_out_and_never_more_than_for_large_data(
    held_out: int, drawn: int
) -> None:
    assert drawn_for(held_out) == drawn


@pytest.mark.usefixtures("blank")
def test_a_small_labelled_folder_is_evaluated_in_so_many_words(tmp_path: Path) -> None:
    made = digits()
    for number, (image, label) in enumerate(
        zip(made.fields["image"], made.fields["label"].tolist(), strict=True)
    ):
        file = tmp_path / "digits" / str(label) / f"{number:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0].numpy()).save(file)
    data = ("--dataset", "folder", "--data-root", tmp_path / "digits", "--image-size", 28)
    small = ("--generator-widths", 8, "--discriminator-widths", 8, "--steps", 2)
    run = tmp_path / "run"
    assert ganzoo("train", "vanilla", *data, *small, "--out", run).status == 0
    done = ganzoo("evaluate", run, "--metrics", "classes")
    assert done.status == 0, done.err
    assert "fake 300; real 30; control 225" in done.out
    taught = "training a classifier of 10 classes on 270 images of 'digits', about "
    drawn = "300 samples stand beside 30 held-out samples: more than 10 for each"
    for words in (taught, drawn):
        assert done.err.count(words) == 1, done.err
    again = ganzoo("evaluate", run, "--n", 20, "--metrics", "classes")
    assert taught not in again.err
    assert drawn not in again.err


@pytest.mark.parametrize(("name", "command"), [("evaluate", evaluate), ("extractors", extractors)])
def test_who_stops_it_hears_that_nothing_is_kept(
    cache: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: ModuleType
) -> None:
    """By rich-click's commands and by click's."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(classifier, "cross_entropy", stop)
    monkeypatch.setattr(command.command, "callback", lambda **_: learn())
    done = ganzoo(name)
    assert done.status == 130
    assert f"interrupted: {TAUGHT} had come to 0 %, of which nothing is kept: it begins" in done.err
    assert not cache.exists()
