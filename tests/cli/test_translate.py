"""``ganzoo translate``: every image in, as many out, none of them half."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import Result, ganzoo, train_tiny, tree
from PIL import Image

from ganzoo.library.making import maker

INIT = """
from ganzoo import Need, VariantSpec, hookimpl

NEEDS = ((Need(("image",), "a"),), (Need(("image",), "b"),))

@hookimpl
def ganzoo_register_variants():
    at = "ganzoo_toy.variant:Toy"
    return [VariantSpec("toy", at, "Toy", 2026, needs=NEEDS, dataset="unpaired")]
"""
VARIANT = """
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo import SGD, Phase, Player, Variant, option
from ganzoo.abilities import Translator


@dataclass(frozen=True)
class Config:
    lr: float = option(0.0, "learning rate", minimum=0)


class Gain(nn.Module):
    def __init__(self, gain):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, image):
        return self.gain * image


class Toy(Variant, Translator):
    "a2b turns the image into its negative, b2a leaves it as it is."

    Config = Config
    published = ("a2b", "b2a")

    @classmethod
    def recipe(cls, data):
        return {"steps": 1, "batch_size": 1}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.a2b, self.b2a = Gain(-1.0), Gain(1.0)

    def players(self):
        return {"both": Player(("a2b", "b2a"), SGD(self.config.lr))}

    def phases(self):
        return [Phase("both", "both", self.loss)]

    def loss(self, batch):
        return (self.a2b(batch.data["a"]) + self.b2a(batch.data["b"])).mean()

    multiple = 4

    def translate(self, image, direction):
        assert not self.training and not torch.is_grad_enabled()
        assert image.abs().max() <= 1
        return getattr(self, direction)(image)

    def gallery(self, examples):
        return examples["a"]
"""
COLOURS = {"red": (255, 10, 20), "green": (30, 200, 40), "blue": (50, 60, 130)}
NEGATIVES = {name: tuple(255 - value for value in colour) for name, colour in COLOURS.items()}


@pytest.fixture
def run(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that translates 8x12 images, in a folder that is the current one."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, VARIANT)
    monkeypatch.chdir(tmp_path)
    for domain in ("trainA", "trainB"):
        (tmp_path / "domains" / domain).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (12, 8), (0, 200, 0)).save(tmp_path / f"domains/{domain}/{number}.png")
    result = ganzoo(
        "train", "toy", "--data-root", "domains", "--image-size", "8x12", "--out", "run"
    )
    assert result.status == 0, result.err
    return tmp_path / "run"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three images of three sizes and file formats, one of them in a folder of its own."""
    folder = tmp_path / "photos"
    (folder / "far" / "away").mkdir(parents=True)
    Image.new("RGB", (12, 8), COLOURS["red"]).save(folder / "red.png")
    Image.new("RGB", (31, 77), COLOURS["green"]).save(folder / "green.bmp")
    Image.new("RGBA", (5, 4), (*COLOURS["blue"], 255)).save(folder / "far" / "away" / "blue.tiff")
    return folder


def call(*args: object) -> Result:
    return ganzoo("translate", "run", *args)


def colour(path: Path) -> tuple[int, ...]:
    """The one colour of an image of the run's size."""
    pixels = np.asarray(Image.open(path))
    assert pixels.shape == (8, 12, 3)
    assert (pixels == pixels[0, 0]).all()
    return tuple(pixels[0, 0].tolist())


@pytest.mark.parametrize(("direction", "colours"), [("a2b", NEGATIVES), ("b2a", COLOURS)])
def test_every_image_is_translated_under_its_name(
    run: Path, photos: Path, direction: str, colours: dict[str, tuple[int, ...]]
) -> None:
    result = call("--direction", direction, "--input", "photos", "--out", "deep/er/out")
    assert result.status == 0
    assert result.err == (
        "2 of 3 images were scaled to the run's size of 8x12, and 2 of these cropped to its shape\n"
    )
    assert "3 images: deep/er/out" in result.out
    files = {str(path.relative_to("deep/er/out")) for path in Path("deep/er/out").rglob("*.png")}
    assert files == {"red.png", "green.png", "far/away/blue.png"}
    for file in files:
        assert colour(Path("deep/er/out", file)) == colours[Path(file).stem], file
    assert [path.name for path in Path("deep/er").iterdir()] == ["out"]


@pytest.mark.usefixtures("run")
def test_images_are_scaled_and_cropped_as_for_training() -> None:
    """A wide image covers the size: its sides are cut off, its middle stays."""
    pixels = np.full((40, 120, 3), (9, 9, 9), np.uint8)
    pixels[:, 10:110] = (250, 120, 3)
    Image.fromarray(pixels).save("wide.png")
    assert call("--direction", "b2a", "--input", "wide.png", "--out", "out").status == 0
    assert colour(Path("out/wide.png")) == (250, 120, 3)


@pytest.mark.usefixtures("run")
def test_pixels_stay_where_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(pixels).save("noise.png")
    assert call("--direction", "a2b", "--input", "noise.png", "--out", "out").status == 0
    assert np.array_equal(np.asarray(Image.open("out/noise.png")), 255 - pixels)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK", "I;16"])
def test_every_mode_is_seen_as_the_eye_sees_it(mode: str) -> None:
    Image.new(mode, (12, 8)).save("image.tif")
    assert call("--direction", "a2b", "--input", "image.tif", "--out", "out").status == 0
    shown = 255 if mode in ("CMYK", "LA") else 0  # no ink, or nothing on white
    assert colour(Path("out/image.png")) == (255 - shown,) * 3


@pytest.mark.usefixtures("run", "photos")
def test_images_may_keep_their_own_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile they are enlarged to what the networks take."""
    asked = ("--input", "photos", "--own-size", "--direction")
    result = call(*asked, "a2b", "--out", "out")
    assert (result.status, result.err) == (0, "")
    for name, size in (("red", (12, 8)), ("green", (31, 77)), ("far/away/blue", (5, 4))):
        made = Image.open(f"out/{name}.png")
        assert made.size == size
        assert {color for _, color in made.getcolors() or ()} == {NEGATIVES[Path(name).name]}
    from ganzoo.plugins.registry import registry

    cls = registry().variant("toy").load()
    whole = cls.translate
    monkeypatch.setattr(cls, "translate", lambda *args: whole(*args)[:, :, 1:])
    assert "make images of another size" in call(*asked, "b2a", "--out", "other").err
    monkeypatch.setattr(cls, "multiple", 0)
    assert "leave out --own-size" in call(*asked, "b2a", "--out", "none").err


@pytest.mark.usefixtures("run")
def test_pixels_says_how_files_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in").mkdir()
    Image.new("RGB", (12, 8), COLOURS["red"]).save("in/red.png")
    Image.fromarray(np.full((8, 12), 4095, np.uint16)).save("in/deep.png")
    asked = ("--direction", "b2a", "--input", "in", "--pixels")
    with monkeypatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
        refused = call(*asked, "bits=12", "--out", "none")
        done, dark = (
            call(*asked, "huge,bits=12", "--out", "out"),
            call(*asked, "huge", "--out", "b"),
        )
    assert (refused.status, done.status, dark.status) == (2, 0, 0)
    assert "--pixels huge has it read" in refused.err
    assert colour(Path("out/deep.png")) == (255, 255, 255)
    assert colour(Path("out/red.png")) == COLOURS["red"]
    assert "files of 16 bits in 'in' have values up to 4095" in dark.err


@pytest.mark.usefixtures("run")
def test_more_images_than_are_translated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "CHUNK", 3)
    Path("many").mkdir()
    for number in range(8):
        Image.new("RGB", (12, 8), (number, 20 * number, 0)).save(f"many/{number}.png")
    assert call("--direction", "b2a", "--input", "many", "--out", "out").status == 0
    for number in range(8):
        assert colour(Path(f"out/{number}.png")) == (number, 20 * number, 0)


@pytest.mark.usefixtures("run")
def test_two_files_of_one_stem_are_two_images() -> None:
    Path("twins").mkdir()
    Image.new("RGB", (12, 8), COLOURS["red"]).save("twins/x.bmp")
    Image.new("RGB", (12, 8), COLOURS["blue"]).save("twins/x.png")
    assert call("--direction", "b2a", "--input", "twins", "--out", "out").status == 0
    assert {path.name: colour(path) for path in Path("out").glob("*.png")} == {
        "x.png": COLOURS["red"],
        "x.png.png": COLOURS["blue"],
    }


@pytest.mark.usefixtures("run")
def test_what_cannot_be_read_is_reported_and_skipped(photos: Path) -> None:
    (photos / "text.png").write_text("not an image")
    (photos / "cut.png").write_bytes((photos / "red.png").read_bytes()[:40])
    result = call("--direction", "b2a", "--input", "photos", "--out", "out")
    assert result.status == 1
    assert "3 images: out" in result.out
    assert len(result.err.splitlines()) == 4
    assert result.err.endswith("2 of 5 files could not be read\n")
    assert "skipped 'photos/text.png': it is not an image" in result.err
    assert "skipped 'photos/cut.png': " in result.err
    assert {path.name for path in Path("out").rglob("*.png")} == {
        "red.png", "green.png", "blue.png",
    }  # fmt: skip


@pytest.mark.usefixtures("run", "photos")
@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("a2c", "photos", "out"), r"there is no direction 'a2c': did you mean 'a2b'\?"),
        (("a2b", "nowhere", "out"), r"there is no 'nowhere': --input must name"),
        (("a2b", "empty", "out"), r"the folder 'empty' holds no images"),
        (("a2b", "note.txt", "out"), r"of 1 file in '\.' none can be read"),
        (("a2b", "photos", "photos"), r"photos exists already: choose another --out"),
        (("a2b", "photos", "note.txt"), r"note.txt exists already"),
        (("a2b", "photos", "note.txt/out"), r"note.txt/out cannot be written"),
        (("", "photos", "out"), r"several directions: choose --direction a2b or b2a"),
        (("a2b --seed 1", "photos", "out"), r"in one way only"),
        (("a2b --set hair=blond", "photos", "out"), r"nothing can be asked of this run"),
        (("a2b --set hair", "photos", "out"), r"'hair' has no '='"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    args: tuple[str, str, str], problem: str
) -> None:
    Path("empty").mkdir()
    Path("note.txt").write_text("hello")
    before = tree(Path())
    direction, source, out = args
    named = ["--direction", *direction.split()] if direction else []
    result = call(*named, "--input", source, "--out", out)
    assert result.status == 2
    line = result.err.splitlines()[-1]
    assert line.startswith("ganzoo: error: ")
    assert re.search(problem, line), line
    assert tree(Path()) == before


@pytest.mark.usefixtures("run", "photos")
def test_a_run_that_does_not_translate() -> None:
    train_tiny(Path("ring"))
    result = ganzoo("translate", "ring", "--direction", "a2b", "--input", "photos", "--out", "out")
    assert result.status == 2
    assert "ring was trained by 'vanilla', which does not translate" in result.err
    assert not Path("out").exists()


@pytest.mark.usefixtures("run", "photos")
def test_a_crash_leaves_nothing_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo.artifacts import pictures

    written = []

    def fails_on_the_second(image: object) -> Image.Image:
        if written:
            assert [path.suffix for path in Path().glob(".out*")] == [".tmp"]
            raise KeyboardInterrupt
        written.append(image)
        return Image.new("L", (1, 1))

    monkeypatch.setattr(pictures, "to_pil", fails_on_the_second)
    assert call("--direction", "a2b", "--input", "photos", "--out", "out").status == 130
    assert written
    assert not [path for path in Path().iterdir() if "out" in path.name]
