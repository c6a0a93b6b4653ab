"""The commands that judge, on a folder of images without labels and with no network."""

import json
import socket
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from helpers.cli import Result, ganzoo
from PIL import Image
from torch import Generator

from ganzoo.data.made import glyphs, ink
from ganzoo.metrics import during

WIDTHS = ("--generator-widths", 8, "--discriminator-widths", 8)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of drawings, and one file that is none."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("no network is there")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(during, "AMOUNTS", during.Amounts(20, 40, 20))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    generator = Generator().manual_seed(0)
    images = ink.write(glyphs.draw(torch.arange(60) % 10, (32, 32), generator), generator)
    for number, image in enumerate(images):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"{number}.png")
    (folder / "notes.png").write_text("no image")
    return folder


def train(photos: Path, steps: int) -> Result:
    data = ("--dataset", "folder", "--data-root", photos.name, "--image-size", 16)
    length = ("--steps", steps, "--batch-size", 4, "--evaluate-every", 1)
    result = ganzoo("train", "vanilla", *data, *WIDTHS, *length, "--out", "run")
    assert result.status == 0, result.err
    return result


def test_a_run_without_labels_is_judged_and_has_a_best_checkpoint(photos: Path) -> None:
    said = train(photos, 2).out
    assert "frechet" in said
    assert "in words" in said
    for once in ("is the test split", "files in ", "it is not an image"):
        assert said.count(once) == 1, said
    settings = json.loads(Path("run/run.json").read_text())
    assert settings["training"]["features"] == "photos"
    assert "; photos " in settings["quality_protocol"]
    assert [*Path("run/checkpoints").glob("best-*")]
    result = ganzoo("evaluate", "run", "--checkpoint", "best", "--n", 6, "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert "features photos " in found["protocol"]
    assert "resizing bilinear, antialiased, to 32x32" in found["protocol"]
    assert {"frechet", "kid", "precision", "density"} <= {row["name"] for row in found["scores"]}
    (kept,) = Path("run/evaluations").glob("*.json")
    assert json.loads(kept.read_text())["protocol"] == found["protocol"]
    assert ganzoo("report", "run", "--out", "page.html").status == 0
    assert found["words"][0] in Path("page.html").read_text()


def test_a_training_goes_on_with_the_features_that_it_began_with(photos: Path) -> None:
    train(photos, 1)
    assert ganzoo("train", "--resume", "run", "--steps", 2).status == 0
    other = ganzoo("train", "--resume", "run", "--steps", 3, "--features", "inception")
    assert other.status == 2
    assert "--features inception differs from the run's photos" in other.err
