"""A training in the folder of its own data: what it writes there is none of them."""

import json
from pathlib import Path

import pytest
from helpers.cli import ganzoo
from PIL import Image

from ganzoo.training.observer import Observer

SHORT = ("--image-size", 8, "--mode", "eager", "--device", "cpu", "--sample-every", 1)


def data_of(run: str) -> dict[str, object]:
    return json.loads((Path("runs") / run / "run.json").read_text())["data"]


def test_a_run_among_its_data_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = tmp_path / "photos"
    for name in ("cat", "dog"):
        (photos / name).mkdir(parents=True)
        for i in range(6):
            Image.new("RGBA", (8, 8), (i, 0, 0, 99)).save(photos / name / f"{i}.png")
    monkeypatch.chdir(photos)
    monkeypatch.setenv("GANZOO_CACHE", str(photos / "cache"))
    asked = ("train", "cgan", "--dataset", "folder", "--data-root", ".", *SHORT)
    assert ganzoo(*asked, "--steps", 1, "--pixels", "rgba").status == 0
    resumed = ganzoo("train", "--resume", "runs/00001-cgan-photos", "--steps", 2)
    assert (resumed.status, resumed.err) == (0, "")
    assert resumed.out.count("as ganzoo made it: 'runs/00001-cgan-photos' in") == 1
    assert ganzoo(*asked, "--steps", 1).status == 0
    first, second = data_of("00001-cgan-photos"), data_of("00002-cgan-photos")
    assert first["samples"] == second["samples"] == [11]
    assert first["rules"] == 2
    image, label = first["groups"][0]  # type: ignore[index]
    assert image["shape"] == [4, 8, 8]
    assert label["names"] == ["cat", "dog"]


def test_what_is_found_in_data_is_said_once_however_often_they_are_loaded() -> None:
    class Listener(Observer):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def report(self, message: str) -> None:
            self.heard.append(message)

    listener = Listener()
    for message in ("left out: a", "left out: b", "left out: a"):
        listener.tell(message)
    listener.report("left out: a")
    assert listener.heard == ["left out: a", "left out: b", "left out: a"]
