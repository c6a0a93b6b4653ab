"""What people have reported who train on folders of their own: each is tried, and what comes of it.

A row says where it was reported, what lies in the folder, and what has to come of it. Sources are
public issues; where several say the same, one stands for them.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from ganzoo.artifacts.places import mark
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.data.sources import attributes, folder, pairs, unpaired, video
from ganzoo.errors import GanzooError

RED, BLUE = (255, 0, 0), (0, 0, 255)


@dataclass(frozen=True)
class Outcome:
    """What must come of a folder."""

    colours: list[tuple[int, ...]] | None = None
    """Of the training images, each of one colour; None: not looked at."""
    held: list[tuple[int, ...]] | None = None
    """Of the test images."""
    classes: tuple[str, ...] | None = None
    labels: list[int] | None = None
    said: tuple[str, ...] = ()
    """Parts of what is said, each in another sentence."""
    silent: bool = False
    """Whether nothing is said."""
    refused: str = ""
    """A part of the sentence that refuses it."""


@dataclass(frozen=True)
class Row:
    """A report."""

    source: str
    what: str
    make: Callable[[Path], object]
    outcome: Outcome
    pixels: str | None = None
    load: Callable[[DataRequest], Dataset] = folder.load
    root: str = "photos"


def save(root: Path, name: str, colour: object = RED, mode: str = "RGB", **options: object) -> None:
    """An image of one colour."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (16, 16), colour).save(path, **options)  # type: ignore[arg-type]


def shades(root: Path, name: str, *values: int) -> None:
    """Gray images in a folder, called 00.png and so on."""
    for number, value in enumerate(values):
        save(root, f"{name}/{number:02}.png", value, "L")


def gray(*values: int) -> list[tuple[int, ...]]:
    return [(value,) for value in values]


def run_inside(root: Path) -> None:
    shades(root, "cat", 1, 2)
    shades(root, "dog", 3)
    shades(root, "runs/00001-cgan-photos/samples", 99)
    (root / "runs/00001-cgan-photos/checkpoints").mkdir()
    (root / "runs/00001-cgan-photos/run.json").write_text("{}")
    shades(root, "drawn", 98)
    mark(root / "drawn")


def cache_inside(root: Path) -> None:
    shades(root, "cat", 1)
    shades(root, "dog", 2)
    os.environ["GANZOO_CACHE"] = str(root / "cache")
    shades(root, "cache/zip-1/x", 97)


def is_run(root: Path) -> None:
    (root / "checkpoints").mkdir(parents=True)
    (root / "run.json").write_text("{}")


def splits(*names: str) -> Callable[[Path], None]:
    """Folders of two classes each, shaded 10, 11, then 20, 21 and so on."""

    def make(root: Path) -> None:
        for number, name in enumerate(names, 1):
            shades(root, f"{name}/a", 10 * number)
            shades(root, f"{name}/b", 10 * number + 1)

    return make


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        for step in steps:
            step(root)

    return make


def file(name: str, content: bytes = b"") -> Callable[[Path], None]:
    def make(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

    return make


def image(
    name: str, colour: object = RED, mode: str = "RGB", **options: object
) -> Callable[[Path], None]:
    return lambda root: save(root, name, colour, mode, **options)


def pipe(name: str) -> Callable[[Path], None]:
    return lambda root: os.mkfifo(root / name)


def rare(root: Path) -> None:
    """The tenth of all images is the only one of its class."""
    shades(root, "a", *range(9))
    shades(root, "b", 50)
    shades(root, "c", *range(100, 112))


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
JXL = b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(64)


def words(root: Path, *values: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for number, value in enumerate(values):
        Image.fromarray(np.full((16, 16), value, np.uint16)).save(root / f"{number}.png")


def swapped() -> bytes:
    """A profile in which the first channel is blue and the third one red."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile).replace(b"s\0R\0G\0B\0", b"x\0R\0G\0B\0").replace(b"sRGB", b"xRGB")


def stylegan(labels: object) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        shades(root, "00000", 1, 2, 3)
        (root / "dataset.json").write_text(json.dumps({"labels": labels}))

    return make


def zipped(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def pack(root: Path) -> None:
        inside = root / "faces"
        make(inside)
        with zipfile.ZipFile(root.with_suffix(".zip"), "w") as archive:
            for path in sorted(inside.rglob("*.*")):
                archive.write(path, path.relative_to(root))

    return pack


def evil(root: Path) -> None:
    root.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(root.with_suffix(".zip"), "w") as archive:
        archive.writestr("../../outside.png", b"x")


def pages(root: Path) -> None:
    root.mkdir()
    first, second = Image.new("L", (16, 16), 5), Image.new("L", (16, 16), 6)
    first.save(root / "a.tif", save_all=True, append_images=[second])


def broken_chunk(root: Path) -> None:
    save(root, "good.png")
    whole = bytearray((root / "good.png").read_bytes())
    whole[whole.index(b"IDAT") + 6] ^= 255
    (root / "bad.png").write_bytes(whole)


def splits_in_capitals(root: Path) -> None:
    save(root, "good/1.JPG", 2, "L")
    save(root, "bad/1.PNG", 1, "L")


def truncated(root: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    save(root, "good.png")
    Image.fromarray(noise).save(root / "bad.jpg")
    (root / "bad.jpg").write_bytes((root / "bad.jpg").read_bytes()[:2000])


def turned(root: Path) -> None:
    """Its left half is the upper one, of which the first pixel is looked at."""
    root.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 8  # the right of what is stored is the top
    pixels = np.tile(np.uint8([255] * 8 + [0] * 8), (16, 1))
    Image.fromarray(pixels).save(root / "a.png", exif=exif)


def large(root: Path) -> None:
    save(root, "a.png")
    stream = io.BytesIO()
    Image.new("1", (20_000, 9_000)).save(stream, "PNG")
    (root / "b.png").write_bytes(stream.getvalue())


OURS = "tried on ganzoo"
ROWS = [
    # --- what is data at all ---
    Row(OURS, "runs and drawn samples inside of the folder", run_inside, Outcome(
        gray(1, 2, 3), classes=("cat", "dog"), labels=[0, 0, 1],
        said=("left out, as ganzoo made it: 'drawn' and 1 more in",))),
    Row(OURS, "the cache inside of the folder", cache_inside,
        Outcome(gray(1, 2), classes=("cat", "dog"), silent=True)),
    Row(OURS, "the run itself", is_run, Outcome(refused="is a run of ganzoo's")),
    Row("pytorch/vision#2831", "a hidden folder of a notebook beside the classes",
        both(splits("."), image(".ipynb_checkpoints/x.png")),
        Outcome(gray(10, 11), classes=("a", "b"), silent=True)),
    Row("GoGoDuck912/Self-Correction-Human-Parsing#37", "other files in the folder",
        both(image("a.png"), file("Thumbs.db", b"\xd0\xcf\x11\xe0"), file("notes", b"P1 of it")),
        Outcome([RED], silent=True)),
    Row("HyperGAN/HyperGAN#83", "images in one folder of the folder",
        image("img/1.png"), Outcome([RED], classes=(), said=("all lie in one folder, 'img'",))),
    Row("tSchlegl/f-AnoGAN#5", ".jpeg, and not .png", image("a.jpeg", 9, "L"), Outcome(gray(9))),
    Row("hollowstrawberry/kohya-colab#23", "WebP", image("a.webp", lossless=True), Outcome([RED])),
    Row(OURS, "pipes among the images", both(image("a.png"), pipe("b.png"), pipe("c")),
        Outcome([RED], silent=True)),
    # --- splits and labels ---
    Row(OURS, "train and val", splits("train", "val"), Outcome(
        gray(10, 11), gray(20, 21), ("a", "b"), said=("'val' of",))),
    Row(OURS, "Train and Test", splits("Train", "Test"),
        Outcome(gray(10, 11), gray(20, 21), ("a", "b"), silent=True)),
    Row(OURS, "train, valid and test", splits("train", "valid", "test"), Outcome(
        gray(10, 11), gray(30, 31), ("a", "b"), said=("'valid' of",))),
    Row(OURS, "train and test, and others",
        both(splits("train", "test"), image("more/x.png", 7, "L")),
        Outcome(gray(10, 11), gray(20, 21), said=("left out: 1 images of",))),
    Row(OURS, "only train", splits("train"),
        Outcome(gray(10, 11), classes=("a", "b"), silent=True)),
    Row(OURS, "only validation", splits("Validation"), Outcome(gray(10, 11), classes=("a", "b"))),
    Row(OURS, "a class that is called train", splits("train", "bus"), Outcome(
        classes=("bus", "train"), said=("'train' of",))),
    Row(OURS, "train twice", splits("train", "Training", "Test"), Outcome(
        gray(10, 11), gray(30, 31), said=("left out: 2 images",))),
    Row(OURS, "a split by two names", splits("Train", "TRAIN", "test"),
        Outcome(refused="one split")),
    Row(OURS, "an empty test folder", both(splits("train"), lambda root: (root / "test").mkdir()),
        Outcome(gray(10, 11), classes=("a", "b"))),
    Row(OURS, "one stray file beside classes", both(splits("."), image("cover.png", 9, "L")),
        Outcome(classes=(), said=("no labels, as 'cover.png' lies beside",))),
    Row(OURS, "a class of one image that would be held out", rare, Outcome(
        gray(*range(9), 50, *range(101, 110), 111), gray(100, 110), ("a", "b", "c"),
        said=("to be held out: 'b' (1), 'a' (9)",))),
    Row(OURS, "a class in the test images alone", both(splits("train", "test"),
        image("test/c/0.png", 7, "L")), Outcome(gray(10, 11), gray(20, 21), ("a", "b"),
        said=("left out: 1 test images",))),
    Row(OURS, "a class of which nothing can be read", both(splits("."), file("c/x.png")), Outcome(
        gray(10, 11), classes=("a", "b", "c"), said=("nothing can be learned of 1 classes",))),
    Row("NVlabs/stylegan2-ada-pytorch#18", "labels in dataset.json", stylegan(
        [["00000/00.png", 10], ["00000/01.png", 2], ["00000/02.png", 10]]),
        Outcome(gray(1, 2, 3), classes=("2", "10"), labels=[1, 0, 1], said=("'dataset.json'",))),
    Row("NVlabs/stylegan3#90", "a dataset.json without labels", stylegan(None),
        Outcome(gray(1, 2, 3), classes=(), said=("no labels, as 'dataset.json' has none",))),
    Row(OURS, "a dataset.json that lists some",
        stylegan([["00000/00.png", 0], ["00000/02.png", 1]]),
        Outcome(gray(1, 3), classes=("0", "1"), said=("1 images", "'dataset.json'"))),
    Row(OURS, "a dataset.json of something else", stylegan([3, 4]),
        Outcome(refused="dataset.json")),
    Row("taki0112/StarGAN-Tensorflow#11", "labels in a CSV, without suffixes", both(
        lambda root: shades(root, "img", 1, 2, 3),
        file("labels.csv", b"id,breed\n00,pug\n01,collie\n02,pug\n")),
        Outcome(gray(1, 2, 3), classes=("collie", "pug"), labels=[1, 0, 1], said=("labels.csv",))),
    Row(OURS, "a CSV of other things", both(image("a.png"), file("x.csv", b"q,w,e\n1,2,3\n")),
        Outcome([RED], classes=(), said=("'x.csv' of",))),
    Row("grohith327/simplegan#3", "a zip of class folders", zipped(splits(".")),
        Outcome(gray(10, 11), classes=("a", "b"), silent=True), root="photos.zip"),
    Row("eps696/stylegan2ada#18", "a zip of StyleGAN's", zipped(stylegan(
        [["00000/00.png", 1], ["00000/01.png", 0], ["00000/02.png", 1]])),
        Outcome(gray(1, 2, 3), classes=("0", "1"), labels=[1, 0, 1]), root="photos.zip"),
    Row(OURS, "a zip that writes elsewhere", evil,
        Outcome(refused="outside of it"), root="photos.zip"),
    Row(OURS, "a zip that is none", lambda root: root.with_suffix(".zip").write_bytes(b"PK"),
        Outcome(refused="is a damaged zip"), root="photos.zip"),
    # --- formats ---
    Row(OURS, "HEIC beside PNG", both(image("a.png"), file("b.heic", HEIC), file("c.HEIC", HEIC)),
        Outcome([RED], said=("left out: 2 HEIC files in",))),
    Row(OURS, "HEIC named .jpg", both(image("a.png"), file("b.jpg", HEIC)),
        Outcome([RED], said=("it is HEIC, which cannot be read here: `pip install pillow-heif`",))),
    Row(OURS, "JPEG XL", both(image("a.png"), file("b.jxl", JXL)),
        Outcome([RED], said=("1 JPEG XL files", ))),
    Row(OURS, "PSD", both(image("a.png"), file("b.psd", b"8BPS" + bytes(99))),
        Outcome([RED], said=("1 PSD files",))),
    Row(OURS, "raw files of a camera", both(image("a.png"), file("b.NEF", b"MM\x00*" + bytes(99))),
        Outcome([RED], said=("1 camera raw files",))),
    Row(OURS, "TGA", image("a.tga"), Outcome([RED], silent=True)),
    Row(OURS, "JPEG 2000", image("a.jp2", irreversible=False), Outcome([RED], silent=True)),
    Row(OURS, "AVIF", image("a.avif", 128, "L", quality=100), Outcome()),
    Row(OURS, "AVIF named .jpg", image("a.jpg", format="AVIF", quality=100), Outcome()),
    Row("tSchlegl/f-AnoGAN#5", "no suffix", image("a", format="PNG"), Outcome([RED])),
    Row(OURS, "several pages", pages, Outcome(gray(5), said=("1 files in",))),
    Row(OURS, "a PNG whose chunk is broken", broken_chunk, Outcome([RED], said=("skipped",))),
    Row("lyuwenyu/RT-DETR#337", "180 megapixels", large,
        Outcome([RED], said=("more than 178 megapixels",))),
    Row("lyuwenyu/RT-DETR#337", "180 megapixels that are wanted", large,
        Outcome([RED, (0, 0, 0)], silent=True), pixels="huge"),
    Row("replicate/lora-training#9", "a zip of a telephone's photos", zipped(
        both(image("IMG_6003.JPG", 9, "L"), image("IMG_6004.JPG", 9, "L"))),
        Outcome(gray(9, 9), silent=True), root="photos.zip"),
    Row("ImageMarkup/isic-challenge-scoring#15", "a zip with a Mac's second thoughts", zipped(both(
        splits("."), file("__MACOSX/._x.png", b"x"), file("a/._00.png", b"x"))),
        Outcome(gray(10, 11), classes=("a", "b"), silent=True), root="photos.zip"),
    Row("fastai/fastai#488", "a Mac's .DS_Store", both(splits("."), file(".DS_Store", bytes(9)),
        file("a/.DS_Store", bytes(9))), Outcome(gray(10, 11), classes=("a", "b"), silent=True)),
    Row("open-edge-platform/anomalib#3058", "suffixes in capitals", splits_in_capitals,
        Outcome(gray(1, 2), classes=("bad", "good"), silent=True)),
    Row("pytorch/vision#138", "a truncated file", truncated, Outcome([RED], said=("truncated",))),
    Row("kohya-ss/sd-scripts#1316", "turned by EXIF alone", turned, Outcome(gray(0), silent=True)),
    # --- colours and ranges ---
    Row("vlfeat/matconvnet#360", "CMYK", image("a.tif", (0, 255, 255, 0), "CMYK"), Outcome([RED])),
    Row("hardikbansal/CycleGAN#4", "gray among colours", both(image("a.png"),
        image("b.png", 9, "L")), Outcome([RED, (9, 9, 9)], silent=True)),
    Row("llSourcell/Pokemon_GAN#9", "transparent where black is", image("a.png", (0, 0, 0, 0),
        "RGBA"), Outcome([(255, 255, 255)])),
    Row("OpenDisplay/Home_Assistant_Integration#73", "a profile that is not sRGB",
        image("a.png", icc_profile=swapped()),
        Outcome([BLUE], silent=True)),
    Row(OURS, "a profile and opacity",
        image("a.png", (255, 0, 0, 51), "RGBA", icc_profile=swapped()),
        Outcome([(0, 0, 255, 51)]), pixels="rgba"),
    Row(OURS, "a broken profile", image("a.png", icc_profile=b"x" * 200),
        Outcome([RED], said=("1 files in",))),
    Row("junyanz/pytorch-CycleGAN-and-pix2pix#321", "16 bits", lambda root: words(root, 0, 65535),
        Outcome(gray(-32768, 32767), silent=True)),
    Row("junyanz/pytorch-CycleGAN-and-pix2pix#321", "12 of 16 bits",
        lambda root: words(root, 0, 4095),
        Outcome(said=("values up to 4095 of 65535", ))),
    Row(OURS, "12 bits that are told", lambda root: words(root, 0, 2048, 4095),
        Outcome(gray(-32768, 8, 32767), silent=True), pixels="bits=12"),
    Row(OURS, "more than 12 bits", lambda root: words(root, 5000, 7),
        Outcome(said=("go up to 5000, and 12 bits to 4095",)), pixels="bits=12"),
    Row("jeffheaton/t81_558_deep_learning#155", "gray among colours, wanted gray",
        both(image("a.png", 9, "L"), image("b.png", (30, 30, 30))), Outcome(gray(9, 30)),
        pixels="gray"),
    Row("leftthomas/SRGAN#141", "gray that is wanted in three channels", image("a.png", 9, "L"),
        Outcome([(9, 9, 9)]), pixels="rgb"),
    Row("NVlabs/stylegan2-ada-pytorch#33", "opacity as a fourth channel",
        both(image("a.png", (200, 100, 50, 51), "RGBA"), image("b.png")),
        Outcome([(200, 100, 50, 51), (255, 0, 0, 255)]), pixels="rgba"),
    # --- the same in other layouts ---
    Row(OURS, "unpaired in other spelling", both(
        lambda root: shades(root, "TrainA", 1), lambda root: shades(root, "trainb", 2),
        lambda root: shades(root, "valA", 3), lambda root: shades(root, "ValB", 4)),
        Outcome(gray(1), gray(3), said=("'valA' of", "'ValB' of")), load=unpaired.load),
    Row(OURS, "pairs in other spelling", both(
        lambda root: shades(root, "a/Train", 1), lambda root: shades(root, "B/train", 2),
        lambda root: shades(root, "a/valid", 3), lambda root: shades(root, "B/validation", 4)),
        Outcome(gray(1), gray(3), said=("is the test split",)), load=pairs.load),
    Row(OURS, "attributes in Train and Val", both(
        lambda root: shades(root, "Train", 1), lambda root: shades(root, "Val", 2),
        file("a.csv", b"file,x\nTrain/00.png,1\nVal/00.png,0\n")),
        Outcome(gray(1), gray(2), said=("'Val' of",)), load=attributes.load),
    Row(OURS, "videos in train alone", both(
        lambda root: shades(root, "train/x", 1, 1), lambda root: shades(root, "train/y", 2, 2)),
        Outcome(gray(1, 2)), load=video.load),
]  # fmt: skip


def colours(dataset: Dataset) -> list[tuple[int, ...]]:
    """The one colour of each sample."""
    return [
        tuple(int(channel.flatten()[0]) for channel in sample)
        for sample in dataset.tensors[dataset.spec.sample.name]
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what.replace(" ", "-"))
def test_what_was_reported(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "AVIF" in row.what and not ("avif" in features.modules and features.check("avif")):
        pytest.skip("this Pillow reads no AVIF")
    if "2000" in row.what and not features.check("jpg_2000"):
        pytest.skip("this Pillow reads no JPEG 2000")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    row.make(tmp_path / "photos")
    wanted, said = row.outcome, []

    def load(split: str) -> Dataset:
        pixels = parse_pixels(row.pixels)
        root = tmp_path / row.root
        return row.load(DataRequest(root, split, (8, 8), pixels=pixels, report=said.append))

    if wanted.refused:
        with pytest.raises(GanzooError) as caught:
            load("train")
        assert wanted.refused in str(caught.value)
        assert "\n" not in str(caught.value)
        return
    dataset = load("train")
    if wanted.colours is not None:
        assert colours(dataset) == wanted.colours
    if wanted.classes is not None:
        assert dataset.classes == wanted.classes
    if wanted.labels is not None:
        assert dataset.fields["label"].tolist() == wanted.labels
    left = [line for line in said if not line.endswith("were skipped")]
    for part in wanted.said:
        line = next((line for line in left if part in line), None)
        assert line is not None, (part, said)
        left.remove(line)
    assert not (wanted.silent and said), said
    if wanted.held is not None:
        assert colours(load("test")) == wanted.held
