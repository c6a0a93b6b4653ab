"""``ganzoo enlarge`` and ``ganzoo restore``: any size, 16 bits, and what is known is kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cli import Result, ganzoo, train_tiny
from PIL import Image

import ganzoo as ganzoo_library
from ganzoo.artifacts.deep_png import write_deep_png
from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.opened import Look
from ganzoo.errors import GanzooError
from ganzoo.library.making import tiles
from ganzoo.library.making.between import between

INIT = """
from ganzoo import Need, VariantSpec, hookimpl

@hookimpl
def ganzoo_register_variants():
    at = "ganzoo_toy.variant:Toy"
    return [VariantSpec("toy", at, "Toy", 2026, needs=((Need(("image",)),),), dataset="folder")]
"""
VARIANT = """
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo import SGD, Phase, Player, Variant, option
from ganzoo.abilities import Enlarger, Restorer


@dataclass(frozen=True)
class Config:
    lr: float = option(0.0, "learning rate", minimum=0)


class Toy(Variant, Enlarger, Restorer):
    "Enlarges by repetition, and restores by what is right of the hole, turned to its negative."

    Config = Config
    multiple = 2
    reach = 1

    @classmethod
    def recipe(cls, data):
        return {"steps": 1, "batch_size": 1}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.generator = nn.Conv2d(1, 1, 1)
        self.factor = 3

    def players(self):
        return {"g": Player(("generator",), SGD(self.config.lr))}

    def phases(self):
        return [Phase("g", "g", lambda batch: self.generator(batch.image[:, :1]).mean())]

    def enlarge(self, image):
        assert not self.training and not torch.is_grad_enabled() and image.abs().max() <= 1
        return image.repeat_interleave(3, 2).repeat_interleave(3, 3)

    def restore(self, image, missing):
        assert (image * missing == 0).all() and missing.unique().tolist() in ([0], [1], [0, 1])
        return -image.roll(-1, 3)

    def gallery(self, examples):
        return examples["image"]
"""


@pytest.fixture
def run(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run on 8x12 images, in a folder that is the current one."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, VARIANT)
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for number in range(10):
        Image.new("RGB", (12, 8), (0, 200, 0)).save(f"data/{number}.png")
    asked = ("--data-root", "data", "--image-size", "8x12", "--out", "run")
    result = ganzoo("train", "toy", *asked)
    assert result.status == 0, result.err
    assert "ganzoo enlarge run IMAGE..." in result.out + result.err
    assert "ganzoo restore run IMAGE... --mask MASK" in result.out + result.err
    return tmp_path / "run"


def enlarge(*args: object) -> Result:
    return ganzoo("enlarge", "run", *args)


def noise(height: int, width: int, dtype: type = np.uint8) -> np.ndarray:
    high = np.iinfo(dtype).max + 1
    return np.random.default_rng(0).integers(0, high, (height, width, 3), dtype)


def repeated(pixels: np.ndarray) -> np.ndarray:
    return pixels.repeat(3, 0).repeat(3, 1)


def deep(path: str) -> np.ndarray:
    found = look_exactly(Path(path), 3)
    assert isinstance(found, Look)
    assert found.pixels.dtype == np.int16
    return (found.pixels.transpose(1, 2, 0).astype(np.int32) + 32768).astype(np.uint16)


@pytest.mark.usefixtures("run")
def test_an_image_of_any_size_is_enlarged_and_never_cropped() -> None:
    for height, width in ((1, 1), (5, 3), (8, 12), (41, 17)):
        pixels = noise(height, width)
        Image.fromarray(pixels).save("x.png")
        out = f"out-{height}"
        for tile in ("9", "0", "512"):
            result = enlarge("x.png", "--out", f"{out}-{tile}", "--tile", tile)
            assert (result.status, result.err) == (0, "")
            made = np.asarray(Image.open(f"{out}-{tile}/x.png"))
            assert np.array_equal(made, repeated(pixels)), (height, width, tile)


@pytest.mark.usefixtures("run")
def test_sixteen_bits_come_out_of_sixteen() -> None:
    Path("in").mkdir()
    words = noise(9, 7, np.uint16)
    write_deep_png(words, Path("in/deep.png"))
    Image.fromarray(noise(9, 7)).save("in/plain.png")
    result = enlarge("in", "--out", "out")
    assert (result.status, result.err) == (0, "")
    assert np.abs(deep("out/deep.png").astype(int) - repeated(words)).max() <= 1  # of 65535
    assert np.array_equal(np.asarray(Image.open("out/plain.png")), repeated(noise(9, 7)))


@pytest.mark.usefixtures("run")
def test_files_and_folders_of_several_places(tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.bmp", "c/deep/x.png"):
        Path(name).parent.mkdir(parents=True)
        Image.new("RGB", (2, 2), (len(name), 0, 0)).save(name)
    Path("b/broken.png").write_text("no image")
    result = enlarge("a/x.png", "b", "c", tmp_path / "a/x.png", tmp_path / "b/x.bmp", "--out", "o")
    assert result.status == 1
    assert "skipped 'b/broken.png': it is not an image" in result.err
    assert result.err.endswith("1 of 6 files could not be read\n")
    found = {str(path.relative_to("o")) for path in Path("o").rglob("*.png")}
    assert found == {"a/x.png", "b/x.png", "c/deep/x.png", "x.png", "x.bmp.png"}


@pytest.mark.usefixtures("run")
def test_large_images_of_networks_that_look_far_are_said_to_be_blended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ganzoo.plugins.registry import registry

    monkeypatch.setattr(registry().variant("toy").load(), "reach", None)
    Image.fromarray(noise(40, 40)).save("x.png")
    result = enlarge("x.png", "--out", "out", "--tile", "30")
    assert result.status == 0
    assert "1 of 1 images were made of tiles and blended" in result.err
    assert "--tile 0 takes images whole" in result.err
    assert np.array_equal(np.asarray(Image.open("out/x.png")), repeated(noise(40, 40)))
    assert enlarge("x.png", "--out", "whole", "--tile", "0").err == ""


@pytest.mark.usefixtures("run")
def test_networks_between_those_of_two_runs() -> None:
    asked = ("--data-root", "data", "--image-size", "8x12", "--out", "other", "--seed", 1)
    assert ganzoo("train", "toy", *asked).status == 0
    one, other = (ganzoo_library.open_run(name).variant for name in ("run", "other"))
    made = between(one, "other:0.25").get_submodule("generator")
    for name, value in made.state_dict().items():
        ours, theirs = (each.get_submodule("generator").state_dict()[name] for each in (one, other))
        assert not torch.equal(ours, theirs)
        torch.testing.assert_close(value, 0.75 * ours + 0.25 * theirs)
    Image.fromarray(noise(4, 4)).save("x.png")
    assert enlarge("x.png", "--out", "out", "--interpolate", "other:0.25").status == 0
    for named, problem in (
        ("other", "takes RUN:SHARE with a share from 0 to 1"),
        ("other:2", "takes RUN:SHARE with a share from 0 to 1"),
        ("nowhere:0.5", "does not exist"),
    ):
        refused = enlarge("x.png", "--out", "none", "--interpolate", named)
        assert (refused.status, problem in refused.err) == (2, True), refused.err
    train_tiny(Path("ring"))
    assert "are others" in enlarge("x.png", "--out", "none", "--interpolate", "ring:0.5").err


def hole(height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[2:5, 3:5] = 255
    return mask


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("tile", ["4", "0"])
def test_what_is_known_stays_as_it_is_to_the_last_bit(tile: str) -> None:
    words, pixels = noise(11, 9, np.uint16), noise(11, 9)
    write_deep_png(words, Path("deep.png"))
    Image.fromarray(pixels).save("plain.png")
    Image.fromarray(hole(11, 9)).save("mask.png")
    missing = hole(11, 9) > 0
    asked = ("--mask", "mask.png", "--out", "out", "--tile", tile)
    result = ganzoo("restore", "run", "deep.png", "plain.png", *asked)
    assert (result.status, result.err) == (0, "")
    made = np.asarray(Image.open("out/plain.png"))
    assert np.array_equal(made[~missing], pixels[~missing])
    assert np.array_equal(made[2:5, 4], 255 - pixels[2:5, 5])  # of what is right of it
    assert (made[2:5, 3] == 128).all()  # where nothing is known, as a hole is 0
    assert np.array_equal(deep("out/deep.png")[~missing], words[~missing])


@pytest.mark.usefixtures("run")
def test_networks_of_one_size_say_what_they_scale_and_crop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ganzoo.plugins.registry import registry

    monkeypatch.setattr(registry().variant("toy").load(), "multiple", 0)
    Image.fromarray(noise(8, 12)).save("fits.png")
    Image.fromarray(noise(16, 24)).save("large.png")
    for name, size in (("fits", (8, 12)), ("large", (16, 24))):
        Path("masks").mkdir(exist_ok=True)
        Image.fromarray(hole(*size)).save(f"masks/{name}.bmp")
    result = ganzoo("restore", "run", "fits.png", "large.png", "--mask", "masks", "--out", "out")
    assert result.status == 0
    assert "1 of 2 images were scaled to the run's size of 8x12" in result.err
    made = np.asarray(Image.open("out/fits.png"))
    assert np.array_equal(made[hole(8, 12) == 0], noise(8, 12)[hole(8, 12) == 0])
    assert Image.open("out/large.png").size == (12, 8)


@pytest.mark.usefixtures("run")
def test_masks_that_do_not_fit_are_named() -> None:
    Path("masks").mkdir()
    for name in ("fits", "other", "none", "black"):
        Image.fromarray(noise(11, 9)).save(f"{name}.png")
    Image.fromarray(hole(11, 9)).save("masks/fits.png")
    Image.fromarray(hole(9, 11)).save("masks/other.png")
    Image.new("L", (9, 11)).save("masks/black.png")
    files = [f"{name}.png" for name in ("fits", "other", "none", "black")]
    result = ganzoo("restore", "run", *files, "--mask", "masks", "--out", "out")
    assert result.status == 1
    assert "its mask 'masks/other.png' has 9x11 pixels, and it has 11x9" in result.err
    assert "skipped 'none.png': 'masks' holds no mask of its name" in result.err
    assert "no pixel of its mask 'masks/black.png' is white" in result.err
    assert [path.name for path in Path("out").glob("*.png")] == ["fits.png"]
    refused = ganzoo("restore", "run", "fits.png", "--mask", "nowhere", "--out", "other")
    assert refused.status == 2
    assert "there is no 'nowhere': --mask must name" in refused.err


def test_python_does_the_same(run: Path) -> None:
    opened = ganzoo_library.open_run(run)
    pixels = noise(5, 3)
    assert np.array_equal(opened.enlarge(pixels, tile=6).array[0], repeated(pixels))
    words = noise(5, 3, np.uint16)
    write_deep_png(words, Path("deep.png"))
    enlarged = opened.enlarge("deep.png")
    assert enlarged.array.dtype == np.uint16
    assert np.abs(enlarged.array[0].astype(int) - repeated(words)).max() <= 1
    Image.fromarray(pixels).save("x.png")
    with pytest.raises(GanzooError, match="of different sizes or bits"):
        opened.enlarge(["x.png", "deep.png"])
    Image.fromarray(hole(11, 9)).save("mask.png")
    whole = opened.restore(noise(11, 9), "mask.png")
    known = hole(11, 9) == 0
    assert np.array_equal(whole.array[0][known], noise(11, 9)[known])


@pytest.mark.usefixtures("run")
def test_ctrl_c_leaves_nothing_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(noise(40, 40)).save("x.png")
    calls = []

    def interrupted(*args: object) -> None:
        calls.append(args)
        raise KeyboardInterrupt

    monkeypatch.setattr(tiles, "_band", interrupted)
    assert enlarge("x.png", "--out", "out").status == 130
    assert calls
    assert not [path for path in Path().iterdir() if "out" in path.name]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("nowhere", "--out", "o"), "there is no 'nowhere': IMAGE must name an image or a folder"),
        (("data", "--out", "data"), "data exists already: choose another --out"),
        (
            ("data", "--out", "o", "--tile", "-1"),
            "--tile must be a whole number of at least 0, not -1",
        ),
    ],
)
def test_bad_input_is_one_sentence(args: tuple[str, ...], problem: str) -> None:
    result = enlarge(*args)
    assert result.status == 2
    assert problem in result.err


def test_any_sampler_restores_by_looking_for_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    for number in range(10):
        pixels = np.random.default_rng(number).integers(0, 256, (28, 28), np.uint8)
        Image.fromarray(pixels).save(f"data/{number}.png")
    asked = ("--dataset", "folder", "--data-root", "data", "--image-size", "28", "--steps", 1)
    widths = ("--width", 2, "--batch-size", 4, "--latent-dim", 4)
    made = ganzoo("train", "dcgan", *asked, *widths, "--out", "dcgan")
    assert made.status == 0, made.err
    mask = np.zeros((28, 28), np.uint8)
    mask[5:15, 8:20] = 255
    Image.fromarray(mask).save("mask.png")
    search = ("--mask", "mask.png", "--steps", "3")
    result = ganzoo("restore", "dcgan", "data", *search, "--out", "out")
    assert result.status == 0, result.err
    assert "most like what is known" in result.err
    assert "without a word of D" not in result.err
    again = ganzoo("restore", "dcgan", "data/3.png", *search, "--out", "again")
    assert again.status == 0, again.err
    one, other, given = (
        np.asarray(Image.open(name)) for name in ("out/3.png", "again/3.png", "data/3.png")
    )
    assert np.array_equal(one, other)
    assert np.array_equal(one[mask == 0], given[mask == 0])
    assert not np.array_equal(one[mask > 0], given[mask > 0])
    train_tiny(Path("ring"))
    refused = ganzoo("restore", "ring", "data", *search, "--out", "none")
    assert refused.status == 2
    assert "holds no images" in refused.err
