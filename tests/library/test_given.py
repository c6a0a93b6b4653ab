"""Images that a program hands over: each as often as it is there, and upright."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import GanzooError
from ganzoo.data.files.opened import ORIENTATION
from ganzoo.data.files.wanted import AS_THEY_ARE
from ganzoo.data.kinds.image import image_field
from ganzoo.library.given import as_files
from ganzoo.library.images import as_samples
from ganzoo.library.making.maker import Maker

INVERTING = Maker((1, 8, 8), lambda image: -image, torch.device("cpu"), AS_THEY_ARE)


def levels(given: object) -> list[int]:
    """Of the first pixel of each image that is made of these."""
    with as_files(given, str) as (folder, files):
        made = INVERTING.over(folder, files, lambda message: None)
        samples = as_samples(made, image_field("image", torch.zeros(1, 1, 8, 8)))
    assert len({*samples.names}) == len(samples)
    return [round(float(one.made[0, 0, 0, 0]) * 127.5 + 127.5) for one in samples]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Three, of 10, 20 and 30 of 255."""
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for level, path in zip((10, 20, 30), paths, strict=True):
        Image.fromarray(np.full((8, 8), level, np.uint8)).save(path)
    return paths


def test_what_is_handed_over_twice_is_made_twice(images: list[Path]) -> None:
    a, b, c = images
    assert levels([a, b, a]) == [245, 235, 245]
    assert levels([a, c, c, a, b]) == [245, 225, 225, 245, 235]


def test_where_none_can_be_read_that_is_said_however_often(tmp_path: Path) -> None:
    damaged = tmp_path / "a.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(GanzooError, match=r"of 3 files in '.*' none can be read"):
        levels([damaged, damaged, damaged])


def test_pictures_are_upright_as_their_files_are(tmp_path: Path) -> None:
    """The left half is dark, and EXIF says that the image lies on its side."""
    pixels = np.full((8, 8), 200, np.uint8)
    pixels[:, :4] = 0
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # a quarter to the right
    path = tmp_path / "image.png"
    Image.fromarray(pixels).save(path, exif=exif)
    opened = Image.open(path)
    for given in (path, opened, [path, opened], [opened]):
        with as_files(given, str) as (folder, files):
            for name in files:
                found = INVERTING.look(folder, name)
                assert not isinstance(found, str)
                assert (found.pixels[0] == np.rot90(pixels, -1)).all()
