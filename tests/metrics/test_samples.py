"""Samples of other programs are read as the images that one trains on."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data import sample_files
from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.wanted import Pixels
from ganzoo.data.sources.folder import load
from ganzoo.errors import GanzooError
from ganzoo.metrics.samples import read_samples
from ganzoo.metrics.splits import load_splits
from ganzoo.plugins import catalog


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))


def steps(mode: str = "L") -> Image.Image:
    """Dark on the left, bright on the right, 16 x 24."""
    return Image.fromarray(np.tile(np.uint8([20] * 12 + [200] * 12), (16, 1))).convert(mode)


def turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    steps("RGB").save(path, exif=exif, quality=100)


def see_through(path: Path) -> None:
    image = steps("RGBA")
    image.putalpha(100)
    image.save(path)


def wide(path: Path) -> None:
    Image.fromarray(np.asarray(steps()).astype(np.uint16) * 257).save(path)


@pytest.mark.parametrize(
    ("name", "make", "size"),
    [
        ("a.jpg", turned, (24, 16)),
        ("a.png", see_through, (16, 24)),
        ("a.png", lambda path: steps("P").save(path), (16, 24)),
        ("a.png", lambda path: steps("LA").save(path), (16, 24)),
        ("a.tif", lambda path: steps("CMYK").save(path), (16, 24)),
        ("a", lambda path: steps().save(path, "PNG"), (16, 24)),
    ],
)
def test_a_folder_is_read_as_in_training(
    name: str, make: object, size: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "drawn").mkdir()
    make(tmp_path / "drawn" / name)  # type: ignore[operator]
    trained = load(DataRequest(tmp_path / "drawn", image_size=size)).fields["image"]
    read = read_samples(tmp_path / "drawn").samples
    assert read.shape == trained.shape
    assert torch.equal(read, trained)


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    wide(tmp_path / "a.png")
    assert read_samples(tmp_path).samples.unique().tolist() == [20, 200]


def damaged(path: Path, at: bytes) -> None:
    whole = bytearray(path.read_bytes())
    whole[whole.index(at) + 6] ^= 255
    path.write_bytes(whole)


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    steps().save(tmp_path / "a.png")
    for name, content, why in (
        ("b.png", None, ""),
        ("b.pgm", b"P5\n4 4\nx\n", ""),
        ("b.jpg", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "pip install pillow-heif"),
    ):
        if content is None:
            steps().save(tmp_path / name)
            damaged(tmp_path / name, b"IDAT")
        else:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(GanzooError) as caught:
            read_samples(tmp_path)
        assert f"'{tmp_path / name}' cannot be read as an image: " in str(caught.value)
        assert why in str(caught.value)
        assert "\n" not in str(caught.value)
        (tmp_path / name).unlink()


def test_very_large_images_are_read_where_they_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps().save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(GanzooError, match="megapixels: --pixels huge has it read"):
        read_samples(tmp_path)
    assert read_samples(tmp_path, Pixels(huge=True)).samples.shape == (1, 1, 16, 24)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_samples_of_other_sizes_are_refused_by_name(tmp_path: Path) -> None:
    steps().save(tmp_path / "a.png")
    steps().crop((0, 0, 9, 8)).save(tmp_path / "b.png")
    with pytest.raises(GanzooError, match=r"b.png' is 8x9, and the images before it are 16x24"):
        read_samples(tmp_path)


def test_what_is_found_in_both_splits_is_said_once(tmp_path: Path) -> None:
    for number in range(40):
        Image.new("RGBA", (8, 8), (number, 0, 0, 9)).save(tmp_path / f"{number:02}.png")
    said: list[str] = []
    load_splits("folder", tmp_path, (8, 8), said.append)
    assert sum("transparent" in message for message in said) == 1


def test_16_bits_in_an_array_are_read_as_those_in_files(tmp_path: Path) -> None:
    pixels = np.arange(0, 65536, 257 * 64 + 100, dtype=np.uint16).reshape(1, 2, 2)
    (tmp_path / "drawn").mkdir()
    Image.fromarray(pixels[0]).save(tmp_path / "drawn" / "a.png")
    np.savez(tmp_path / "drawn.npz", images=pixels)
    one, other = (
        read_samples(path, Pixels(), print).samples
        for path in (tmp_path / "drawn", tmp_path / "drawn.npz")
    )
    assert one.dtype == torch.uint8
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [("sines", "00000.csv"), ("fruits", "samples.csv"), ("voxels", "00000.npy")],
)
def test_a_pipe_among_samples_is_not_waited_for(tmp_path: Path, dataset: str, name: str) -> None:
    field = catalog.load(dataset, DataRequest()).spec.sample
    os.mkfifo(tmp_path / name)
    with pytest.raises(GanzooError, match="it is a pipe or the like, and no file"):
        sample_files.read_samples(field, tmp_path)
