"""Images with all their bits: read, and written again."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from ganzoo.artifacts.deep_png import write_deep_png
from ganzoo.artifacts.pictures import write_png
from ganzoo.artifacts.pixels import OFFSET
from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.opened import Look, look
from ganzoo.data.files.wanted import parse_pixels


def noise(channels: int, height: int = 5, width: int = 7) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (height, width, channels), np.uint16)


def read(path: Path, channels: int, words: str | None = None) -> np.ndarray:
    """(height, width, channels) as the file has them."""
    found = look_exactly(path, channels, parse_pixels(words))
    assert isinstance(found, Look), found
    assert found.pixels.dtype == np.int16
    return found.pixels.transpose(1, 2, 0).astype(np.int64) + OFFSET


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_what_is_written_is_read_again(tmp_path: Path, channels: int) -> None:
    words = noise(channels)
    stored = torch.from_numpy((words.astype(np.int32) - OFFSET).astype(np.int16)).permute(2, 0, 1)
    write_png(stored, tmp_path / "x.png")
    assert np.array_equal(read(tmp_path / "x.png", channels), words)
    with Image.open(tmp_path / "x.png") as seen:
        seen.load()  # others read it too
        assert seen.size == (7, 5)


def test_gray_is_read_as_pillow_reads_it(tmp_path: Path) -> None:
    words = noise(1)
    write_deep_png(words, tmp_path / "x.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "x.png")), words[:, :, 0])
    Image.fromarray(words[:, :, 0]).save(tmp_path / "x.tif")
    assert np.array_equal(read(tmp_path / "x.tif", 3), np.repeat(words, 3, 2))


def test_eight_bits_stay_eight(tmp_path: Path) -> None:
    pixels = (noise(3) // 257).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    found = look_exactly(tmp_path / "x.png", 3)
    assert isinstance(found, Look)
    assert found.pixels.dtype == np.uint8
    assert np.array_equal(found.pixels.transpose(1, 2, 0), pixels)


@pytest.mark.parametrize("given", [2, 3, 4])
@pytest.mark.parametrize("wanted", [1, 3, 4])
def test_channels_as_those_of_eight_bits(tmp_path: Path, given: int, wanted: int) -> None:
    write_deep_png(noise(given), tmp_path / "x.png")
    eight = look(tmp_path / "x.png", wanted, None)
    assert isinstance(eight, Look)
    deep = read(tmp_path / "x.png", wanted) / 257
    assert np.abs(deep - eight.pixels.transpose(1, 2, 0)).max() < 1.6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    words = noise(1)[:, :, 0]
    image = Image.fromarray(words)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "x.png", exif=exif)
    with Image.open(tmp_path / "x.png") as again:
        upright = np.asarray(ImageOps.exif_transpose(again))
    assert np.array_equal(read(tmp_path / "x.png", 1)[:, :, 0], upright)


def test_twelve_bits_fill_the_range(tmp_path: Path) -> None:
    write_deep_png(np.full((2, 2, 3), 4095, np.uint16), tmp_path / "x.png")
    assert (read(tmp_path / "x.png", 3, "bits=12") == 65535).all()
    refused = look_exactly(tmp_path / "x.png", 3, parse_pixels("bits=10"))
    assert isinstance(refused, str)
    assert "4095" in refused


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("nothing")
    assert look_exactly(tmp_path / "x.png", 3) == "it is not an image"
