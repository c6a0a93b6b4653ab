"""Decoded images that something else writes over while they are trained on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.runs import checkpoint
from ganzoo.training.observer import Observer

TINY = {"image_size": "8x8", "generator_widths": (8,), "discriminator_widths": (8,)}
SHORT = {"batch_size": 2, "steps": 20, "log_every": 5, "checkpoint_every": 10}


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        pixels = np.full((8, 8, 3), 20 * number, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_what_was_trained_on_other_pixels_is_not_saved(photos: Path, tmp_path: Path) -> None:
    class Careless(Observer):
        def logged(self, record: object) -> None:
            if record.step == 15:
                for cache in (tmp_path / "cache").glob("*.safetensors"):
                    with cache.open("r+b") as file:
                        file.seek(2000)
                        file.write(b"others")

    out = tmp_path / "run"
    more = {"dataset": "folder", "data_root": photos, "progress": False, **TINY, **SHORT}
    with pytest.raises(ganzoo.GanzooError, match=r"something has changed the decoded .*--resume"):
        ganzoo.train("vanilla", out=out, observer=Careless(), **more)
    latest = checkpoint.latest(out / "checkpoints")
    assert latest is not None
    assert checkpoint.step_of(latest) == 10
    assert ganzoo.train(resume=out, progress=False).step == 20


def test_images_that_are_replaced_as_a_whole_stay_as_they_were(
    photos: Path, tmp_path: Path
) -> None:
    class Renewing(Observer):
        def logged(self, record: object) -> None:
            for cache in (tmp_path / "cache").glob("*.safetensors"):
                (copy := tmp_path / "copy").write_bytes(cache.read_bytes())
                copy.replace(cache)

    more = {"dataset": "folder", "data_root": photos, "progress": False, **TINY, **SHORT}
    made = ganzoo.train("vanilla", out=tmp_path / "run", observer=Renewing(), **more)
    assert made.step == 20
