"""What a program asks for: numbers, names and pictures that there cannot be are a sentence."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.cli import train_tiny
from PIL import Image

import ganzoo
from ganzoo.data.made import drawing
from ganzoo.training.observer import Observer

TINY = {"dataset": "ring8", "generator_widths": (8,), "discriminator_widths": (8,)}
NAN = float("nan")

Call = Callable[[Any, Path], object]
"""Of a run, and of a folder that stays empty: what is given is often of a type that is refused."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.TrainedRun:
    return ganzoo.open_run(train_tiny(tmp_path_factory.mktemp("runs") / "ring"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.TrainedRun:
    small = {"generator_widths": (8,), "discriminator_widths": (8,), "steps": 1, "batch_size": 4}
    out = tmp_path_factory.mktemp("images") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(drawing.SAMPLES, "train", 60)  # to draw all takes longer than all else
        return ganzoo.train("vanilla", dataset="glyphs", out=out, progress=False, **small)


REFUSED: dict[str, Call] = {
    "n must be a whole number": lambda run, _: run.sample(2.7),
    "n must be at least 1": lambda run, _: run.sample(0),
    "n must be a whole number, not nan|--n must": lambda run, _: run.sample(NAN),
    "seed must be a whole number": lambda run, _: run.sample(2, seed=1.5),
    "seed must be at least 0": lambda run, _: run.sample(2, seed=-1),
    "seed must be .*at most": lambda run, _: run.sample(2, seed=2**64),
    "seed must": lambda run, _: run.sample(2, seed=None),
    "truncation must be a number": lambda run, _: run.sample(2, truncation=None),
    "spread must be a number from 0 to 1, not nan": lambda run, _: run.sample(
        2, around=0, spread=NAN
    ),
    "spread must be a number from 0 to 1, not -1": lambda run, _: run.sample(
        2, around=0, spread=-1
    ),
    "spread must be a number from 0 to 1, not 2": lambda run, _: run.sample(2, around=0, spread=2),
    "only must be numbers": lambda run, _: run.sample(only=[]),
    "only must be numbers of samples such": lambda run, _: run.sample(only="12"),
    "only must be a whole number": lambda run, _: run.sample(only=[None]),
    "from 0 to 999,999, not -1": lambda run, _: run.walk([-1, 2]),
    "a walk needs two": lambda run, _: run.walk(5),
    "frames must be": lambda run, _: run.walk([1, 2], frames=NAN),
    "there are no samples": lambda run, out: run.sample(2)[0:0].save(out / "none"),
    "no samples among these to draw": lambda run, _: run.sample(2)[0:0].png(),
    "is no path": lambda run, _: run.sample(2).save(None),
    "is no path of": lambda run, _: run.sample(2).save("x\0.png"),
    "cannot be used": lambda run, out: run.sample(2).save(out / ("n" * 300)),
    "is no path of a file": lambda run, _: ganzoo.open_run(None),
    "is no path of a file or": lambda run, _: ganzoo.train("vanilla", out=5, **TINY),
    "cannot be used .": lambda run, out: ganzoo.train("vanilla", out=out / ("n" * 300), **TINY),
    "seed must be at least 0 .*": lambda run, _: run.evaluate(50, seed=-1),
    "5 names no variant": lambda run, _: ganzoo.train(5, dataset="ring8"),
    "None. names no var": lambda run, _: ganzoo.forecast([None], dataset="ring8"),
    "5 names no variant: ": lambda run, out: ganzoo.sweep(5, set={"seed": [1]}, out=out / "s"),
    "observer= must be an Observer, not 5": lambda run, out: ganzoo.train(
        "vanilla", out=out / "x", observer=5, **TINY
    ),
    "5 is no path of": lambda run, _: ganzoo.open_run(5),
    "5 is no path of a": lambda run, _: ganzoo.forecast("vanilla", out=5, **TINY),
    "5 is no path of a file": lambda run, _: ganzoo.sweep("vanilla", set={"seed": [1]}, out=5),
    "5 is no path of a file or": lambda run, _: ganzoo.train(resume=5),
    "set= must be a mapping": lambda run, _: ganzoo.sweep("vanilla", set=["seed"], **TINY),
    "metrics= must be a list of names, not 5": lambda run, _: run.evaluate(50, metrics=5),
    "metrics= must be .*'modes'": lambda run, _: run.evaluate(50, metrics="modes"),
    "5 names no extractor": lambda run, _: run.evaluate(50, features=5),
    "report= must be a function": lambda run, _: run.evaluate(50, report=5),
    "report= must be a function that takes": lambda run, out: run.export(
        "safetensors", out / "x", report="print"
    ),
    "there is no format '5'": lambda run, out: run.export(5, out / "x"),
}


OF_IMAGES: dict[str, Call] = {
    "steps must be at least 0": lambda run, _: run.project(np.zeros((28, 28), "uint8"), steps=-1),
    "scale must be at least 1": lambda run, out: run.sample(2).save(out / "x.png", scale=0),
    "scale must be a whole number": lambda run, out: run.walk([1, 2], frames=2).save(
        out / "x.gif",
        scale=2.5,
    ),
    "columns must be at least 1": lambda run, out: run.sample(2).save(out / "x.png", columns=0),
    "--pixels takes one of": lambda run, _: run.project(np.zeros((28, 28), "uint8"), pixels=5),
    "5 is no path": lambda run, _: run.project(np.zeros((28, 28), "uint8"), steps=0).save(5),
    "mode CMYK": lambda run, _: run.project(Image.new("CMYK", (8, 8))),
    "mode RGB and 0x0": lambda run, _: run.project(Image.new("RGB", (0, 0))),
    "must be uint8": lambda run, _: run.project(np.zeros((28, 28, 5), "uint8")),
    "cannot be read as an image": lambda run, _: run.project([Image.new("L", (8, 8)), "none.png"]),
}


@pytest.mark.parametrize(
    ("kind", "words", "call"),
    [("run", *one) for one in REFUSED.items()] + [("images", *one) for one in OF_IMAGES.items()],
)
def test_what_there_cannot_be_is_refused(
    request: pytest.FixtureRequest, kind: str, words: str, call: Call, tmp_path: Path
) -> None:
    run = request.getfixturevalue(kind)
    with pytest.raises(ganzoo.GanzooError, match=words):
        call(run, tmp_path)
    assert not [*tmp_path.iterdir()]


def test_numbers_of_numpy_are_numbers(run: ganzoo.TrainedRun) -> None:
    samples = run.sample(np.int64(5), seed=np.int64(3))
    assert samples[np.int64(1)].names == ("00001",)
    again = run.sample(only=np.array([1, 2]), seed=3)
    assert np.array_equal(again.array, samples.array[1:3])
    assert len(run.walk(np.array([1, 2]), frames=np.int64(3))) == 3


def test_no_program_but_pillow_decodes_a_picture(
    images: ganzoo.TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an EPS Ghostscript would, which obeys what stands in it."""
    obeyed: list[object] = []
    monkeypatch.setattr("subprocess.Popen", lambda *args, **more: obeyed.append(args))
    monkeypatch.setattr("subprocess.check_call", lambda *args, **more: obeyed.append(args))
    monkeypatch.setattr("PIL.EpsImagePlugin.has_ghostscript", lambda: True)
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", "gs")
    folder = tmp_path / "drawn"
    images.sample(1).save(folder)
    (image,) = folder.glob("*.png")
    image.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\nshowpage\n")
    for given in ([Image.new("L", (8, 8)), image], folder):
        with pytest.raises(ganzoo.GanzooError, match="cannot be read as an image"):
            images.project(given, steps=0)
    assert not obeyed


def test_none_is_as_what_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    more = {"batch_size": None, "seed": None, "threads": None}
    made = ganzoo.train("vanilla", progress=False, **TINY, steps=2, **more)
    assert made.step == 2
    found = ganzoo.forecast("vanilla", **{**TINY, "steps": None})
    assert found.steps > 2


@pytest.mark.parametrize("out", ["run", None])
def test_a_program_may_go_to_another_folder_while_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()

    class Moving(Observer):
        def logged(self, record: object) -> None:
            os.chdir(tmp_path / "other")

    more = {"steps": 20, "log_every": 5, "checkpoint_every": 10, "sample_every": 10}
    made = ganzoo.train("vanilla", out=out, observer=Moving(), **TINY, **more)
    assert made.step == 20
    assert made.sample(2).array.shape == (2, 2)
    assert not [*(tmp_path / "other").iterdir()]
    assert {"curves.png", "samples.gif"} <= {path.name for path in made.path.iterdir()}


@pytest.mark.parametrize("left", ["stays", "goes"])
def test_a_run_is_the_same_from_another_folder(
    run: ganzoo.TrainedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    expected = run.sample(2).array
    here, other = tmp_path / "here", tmp_path / "other"
    here.mkdir()
    other.mkdir()
    (here / "run").symlink_to(run.path)
    monkeypatch.chdir(here)
    opened = ganzoo.open_run("run")
    assert opened.path == Path("run")
    monkeypatch.chdir(other)
    if left == "goes":
        other.rmdir()
    assert np.array_equal(opened.sample(2).array, expected)
    assert (opened.path, opened.step) == (here / "run", 5)
