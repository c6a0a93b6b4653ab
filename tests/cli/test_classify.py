"""``ganzoo classify``: images of any kind, read as for training, and what is wrong with others."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import Result, ganzoo, train_tiny, tree
from PIL import Image

INIT = """
from ganzoo import VariantSpec, hookimpl

@hookimpl
def ganzoo_register_variants():
    return [VariantSpec("toy", "ganzoo_toy.variant:Toy", "Toy", 2026)]
"""
VARIANT = """
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo import SGD, Phase, Player, Variant, option
from ganzoo.abilities import Classifier


@dataclass(frozen=True)
class Config:
    lr: float = option(0.0, "learning rate", minimum=0)


class Brightness(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, image):
        return self.gain * (image.mean((1, 2, 3)) + 1) / 2


class Toy(Variant, Classifier):
    "The brighter an image, the more probable is the last of two classes."

    Config = Config
    published = ("brightness",)

    @classmethod
    def recipe(cls, data):
        return {"steps": 1, "batch_size": 1}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.brightness = Brightness()

    def players(self):
        return {"player": Player(("brightness",), SGD(self.config.lr))}

    def phases(self):
        return [Phase("player", "player", lambda batch: self.brightness(batch.image).mean())]

    def classify(self, image):
        assert not self.training and not torch.is_grad_enabled()
        assert image.shape[1:] == self.data.shape and image.abs().max() <= 1
        bright = self.brightness(image)
        return torch.stack((1 - bright, bright), 1)

    def gallery(self, examples):
        return examples["image"]
"""


@pytest.fixture
def run(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that classifies 8x12 images as night or noon, in a folder that is the current one."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, VARIANT)
    monkeypatch.chdir(tmp_path)
    for name in ("night", "noon"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (12, 8)).save(tmp_path / f"photos/{name}/{number}.png")
    result = ganzoo(
        *("train", "toy", "--dataset", "folder", "--data-root", "photos"),
        *("--image-size", "8x12", "--out", "run"),
    )
    assert result.status == 0, result.err
    return tmp_path / "run"


def classify(*args: object) -> Result:
    return ganzoo("classify", "run", *args)


@pytest.mark.usefixtures("run")
def test_images_of_any_size_and_mode_are_told_in_their_order() -> None:
    Image.new("RGB", (12, 8), (255, 255, 255)).save("white.png")
    Image.new("L", (50, 70), 51).save("grey.bmp")
    Image.new("RGBA", (5, 4), (0, 0, 0, 255)).save("black.tiff")
    Image.fromarray(np.full((9, 9), 0x9999, np.uint16)).save("deep.png")
    result = classify("white.png", "grey.bmp", "black.tiff", "deep.png")
    assert (result.status, result.err) == (0, "")
    header, _, *rows = result.out.splitlines()
    assert header.split() == ["file", "class", "probability"]
    assert [row.split() for row in rows] == [
        ["white.png", "noon", "1.000"],
        ["grey.bmp", "night", "0.800"],
        ["black.tiff", "night", "1.000"],
        ["deep.png", "noon", "0.600"],
    ]


@pytest.mark.usefixtures("run")
def test_an_image_is_cropped_as_for_training() -> None:
    """A wide image covers the size: its sides are cut off, its middle stays."""
    image = Image.new("RGB", (48, 8))
    image.paste((255, 255, 255), (16, 0, 32, 8))
    image.save("wide.png")
    (row,) = json.loads(classify("wide.png", "--json").out)
    assert row["class"] == "noon"
    assert row["probability"] == pytest.approx(1, abs=0.01)


def test_files_are_read_as_those_of_the_training_unless_more_is_said(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(np.full((9, 9), 0x999, np.uint16)).save("deep.png")

    def probability(*flags: str) -> tuple[float, str]:
        result = classify("deep.png", "--json", *flags)
        return json.loads(result.out)[0]["probability"], result.err

    dark, said = probability()
    assert dark == pytest.approx(1 - 10 / 255)
    assert "files of 16 bits to classify have values up to 2457 of 65535" in said
    assert probability("--pixels", "bits=12") == (pytest.approx(0.6), "")
    settings = json.loads((run / "run.json").read_text())
    settings["training"]["pixels"] = "bits=12"
    (run / "run.json").write_text(json.dumps(settings))
    assert probability() == (pytest.approx(0.6), "")
    assert probability("--pixels", "bits=16")[0] == dark
    assert_one_sentence(classify("deep.png", "--pixels", "gray"), "3 channels", "leave 'gray' out")
    assert_one_sentence(classify("deep.png", "--pixels", "grey"), "--pixels takes")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    assert_one_sentence(classify("deep.png"), "--pixels huge has it read")
    assert probability("--pixels", "huge") == (pytest.approx(0.6), "")


@pytest.mark.usefixtures("run")
def test_json_says_it_all() -> None:
    Image.new("L", (12, 8), 51).save("grey.png")
    rows = json.loads(classify("grey.png", "grey.png", "--json").out)
    expected = {"file": "grey.png", "label": 0, "class": "night"}
    assert rows == [expected | {"probability": pytest.approx(0.8)}] * 2


def test_a_run_of_api_1_without_class_names_has_numbers(run: Path) -> None:
    settings = json.loads((run / "run.json").read_text())
    old = {"name": "folder", "shape": [3, 8, 12], "classes": 2, "samples": 20}
    (run / "run.json").write_text(json.dumps(settings | {"data": old}))
    Image.new("L", (12, 8), 255).save("white.png")
    (row,) = json.loads(classify("white.png", "--json").out)
    assert (row["label"], row["class"]) == (1, "1")


def test_many_images_are_read_in_parts(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo.library import classification as module

    monkeypatch.setattr(module, "CHUNK", 2)
    for level in range(5):
        Image.new("L", (12, 8), 51 * level).save(f"{level}.png")
    rows = json.loads(classify(*(f"{level}.png" for level in range(5)), "--json").out)
    assert [row["file"] for row in rows] == [f"{level}.png" for level in range(5)]
    probabilities = [row["probability"] for row in rows]
    assert probabilities == pytest.approx([1, 0.8, 0.6, 0.6, 0.8])


def assert_one_sentence(result: Result, *words: str) -> None:
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("ganzoo: error: ")
    assert result.err.count("\n") == 1
    for word in words:
        assert word in result.err


def test_what_is_wrong_with_an_image_is_said_and_nothing_else(run: Path) -> None:
    Image.new("L", (12, 8)).save("fine.png")
    Path("text.png").write_text("not an image")
    before = tree(run)
    assert_one_sentence(classify("text.png"), "'text.png'", "it is not an image")
    assert_one_sentence(classify("missing.png"), "'missing.png'", "No such file")
    assert_one_sentence(classify(), "IMAGE")
    assert tree(run) == before


@pytest.mark.usefixtures("run")
def test_a_folder_is_all_images_in_it() -> None:
    Image.new("L", (12, 8), 255).save("white.png")
    Path("photos/notes.txt").write_text("none")
    rows = json.loads(classify("white.png", "photos", "--json").out)
    assert [row["class"] for row in rows] == ["noon", *["night"] * 20]
    assert rows[1]["file"] == "photos/night/0.png"
    Path("empty").mkdir()
    assert_one_sentence(classify("empty"), "'empty' holds no images")


@pytest.mark.usefixtures("run")
def test_one_file_that_cannot_be_read_keeps_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ganzoo.library import classification as module

    monkeypatch.setattr(module, "CHUNK", 2)
    Image.new("L", (12, 8)).save("fine.png")
    Path("text.png").write_text("not an image")
    result = classify("fine.png", "text.png", "text.png", "missing.png", "fine.png", "--json")
    assert [row["file"] for row in json.loads(result.out)] == ["fine.png", "fine.png"]
    assert result.status == 1
    assert result.err == (
        "skipped 'text.png': it is not an image\n"
        "skipped 'missing.png': No such file or directory\n"
        "3 of 5 files could not be read\n"
    )


def test_other_runs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (12, 8)).save("fine.png")
    assert_one_sentence(classify("fine.png"), "run does not exist")
    train_tiny(tmp_path / "run")
    assert_one_sentence(classify("fine.png"), "'vanilla', which does not classify", "ganzoo list")
