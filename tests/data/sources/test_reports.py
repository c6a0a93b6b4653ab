"""What people have reported who train on folders of their own: each is tried, and what comes of it.

A row says where it was reported, what lies in the folder, and what has to come of it. Sources are
public issues; where several say the same, one stands for them.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from helpers.data.reported import (
    BLUE,
    HEIC,
    JXL,
    RED,
    Outcome,
    Row,
    both,
    broken_chunk,
    cache_inside,
    deep_png,
    deep_tiff,
    evil,
    file,
    gray,
    image,
    is_run,
    large,
    pages,
    pipe,
    rare,
    run_inside,
    shades,
    splits,
    splits_in_capitals,
    stylegan,
    swapped,
    truncated,
    turned,
    words,
    zipped,
)
from PIL import features

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.data.sources import attributes, pairs, unpaired, video
from ganzoo.errors import GanzooError

OURS = "tried on ganzoo"
ROWS = [
    # --- what is data at all ---
    Row(OURS, "runs and drawn samples inside of the folder", run_inside, Outcome(
        gray(1, 2, 3), classes=("cat", "dog"), labels=[0, 0, 1],
        said=("left out, as ganzoo made it: 'drawn' and 1 more in",))),
    Row(OURS, "the cache inside of the folder", cache_inside,
        Outcome(gray(1, 2), classes=("cat", "dog"), alone=True)),
    Row(OURS, "the run itself", is_run, Outcome(refused="is a run of ganzoo's")),
    Row("pytorch/vision#2831", "a hidden folder of a notebook beside the classes",
        both(splits("."), image(".ipynb_checkpoints/x.png")),
        Outcome(gray(10, 11), classes=("a", "b"), alone=True)),
    Row("GoGoDuck912/Self-Correction-Human-Parsing#37", "other files in the folder",
        both(image("a.png"), file("Thumbs.db", b"\xd0\xcf\x11\xe0"), file("notes", b"P1 of it")),
        Outcome([RED], alone=True)),
    Row("HyperGAN/HyperGAN#83", "images in one folder of the folder",
        image("img/1.png"), Outcome([RED], classes=(), said=("all lie in one folder, 'img'",))),
    Row("tSchlegl/f-AnoGAN#5", ".jpeg, and not .png", image("a.jpeg", 9, "L"), Outcome(gray(9))),
    Row("hollowstrawberry/kohya-colab#23", "WebP", image("a.webp", lossless=True), Outcome([RED])),
    Row(OURS, "pipes among the images", both(image("a.png"), pipe("b.png"), pipe("c")),
        Outcome([RED], alone=True)),
    # --- splits and labels ---
    Row(OURS, "train and val", splits("train", "val"), Outcome(
        gray(10, 11), gray(20, 21), ("a", "b"), said=("'val' of",))),
    Row(OURS, "Train and Test", splits("Train", "Test"),
        Outcome(gray(10, 11), gray(20, 21), ("a", "b"), said=("'Train' and 'Test' of",))),
    Row(OURS, "train, valid and test", splits("train", "valid", "test"), Outcome(
        gray(10, 11), gray(30, 31), ("a", "b"), said=("'valid' of",))),
    Row(OURS, "train and test, and others",
        both(splits("train", "test"), image("more/x.png", 7, "L")),
        Outcome(gray(10, 11), gray(20, 21), said=("left out: 1 image of", "2 images to train on, "
        "2 to test"))),
    Row(OURS, "only train", splits("train"), Outcome(gray(10, 11), classes=("a", "b"),
        said=("'train' of", ))),
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
        said=("or none: 0 of 1 of 'b', 0 of 9 of 'a'",))),
    Row(OURS, "two classes of eight images", both(
        lambda root: shades(root, "cat", *range(8)), lambda root: shades(root, "ship", *range(8))),
        Outcome(classes=("cat", "ship"), said=("0 of 8 of 'cat', 1 of 8 of 'ship'",))),
    Row(OURS, "a class in the test images alone", both(splits("train", "test"),
        image("test/c/0.png", 7, "L")), Outcome(gray(10, 11), gray(20, 21), ("a", "b"),
        said=("left out: 1 test image of",))),
    Row(OURS, "a class of which nothing can be read", both(splits("."), file("c/x.png")), Outcome(
        gray(10, 11), classes=("a", "b", "c"), said=("nothing can be learned of 1 class of",))),
    Row("NVlabs/stylegan2-ada-pytorch#18", "labels in dataset.json", stylegan(
        [["00000/00.png", 10], ["00000/01.png", 2], ["00000/02.png", 10]]),
        Outcome(gray(1, 2, 3), classes=("2", "10"), labels=[1, 0, 1], said=("'dataset.json'",))),
    Row("NVlabs/stylegan3#90", "a dataset.json without labels", stylegan(None),
        Outcome(gray(1, 2, 3), classes=(), said=("no labels, as 'dataset.json' has none",))),
    Row(OURS, "a dataset.json that lists some",
        stylegan([["00000/00.png", 0], ["00000/02.png", 1]]),
        Outcome(gray(1, 3), classes=("0", "1"), said=("1 image", "'dataset.json'"))),
    Row(OURS, "a dataset.json of something else", stylegan([3, 4]),
        Outcome(refused="dataset.json")),
    Row("taki0112/StarGAN-Tensorflow#11", "labels in a CSV, without suffixes", both(
        lambda root: shades(root, "img", 1, 2, 3),
        file("labels.csv", b"id,breed\n00,pug\n01,collie\n02,pug\n")),
        Outcome(gray(1, 2, 3), classes=("collie", "pug"), labels=[1, 0, 1], said=("labels.csv",))),
    Row(OURS, "a table in each folder of a split", both(
        lambda root: shades(root, "train", 1, 2, 3), lambda root: shades(root, "test", 4),
        file("train/labels.csv", b"file,label\n00.png,pug\n01.png,cat\ntrain/02.png,pug\n"),
        file("test/labels.csv", b"file,label\n00,cat\n")),
        Outcome(gray(1, 2, 3), gray(4), ("cat", "pug"), [1, 0, 1],
        said=("are those in 'test/labels.csv' and 'train/labels.csv'",))),
    Row(OURS, "a list in each folder of a split", both(
        lambda root: shades(root, "train/00000", 1, 2), lambda root: shades(root, "val/00000", 4),
        file("train/dataset.json", b'{"labels": [["00000/00.png", 1], ["00000/01.png", 0]]}'),
        file("val/dataset.json", b'{"labels": [["00000/00.png", 1]]}')),
        Outcome(gray(1, 2), gray(4), ("0", "1"), [1, 0],
        said=("'val' of", "'train/dataset.json' and 'val/dataset.json'"))),
    Row(OURS, "a table for each split, and one of them without classes", both(
        lambda root: shades(root, "train", *range(11)), lambda root: shades(root, "test", 40, 41),
        file("train_labels.csv", b"id,class\n" + b"".join(
            f"{number:02},{'ab'[number % 2]}\n".encode() for number in range(11))),
        file("test.csv", b"id\n00\n01\n")),
        Outcome(gray(0, 1, 2, 3, 4, 5, 6, 8, 9, 10), gray(7), ("a", "b"), said=("'test.csv' of",
        "left out: 2 images", "'train_labels.csv'", "every tenth")), ),
    Row(OURS, "classes as folders to train on, and a table to test", both(
        splits("Train"), lambda root: shades(root, "Test", 30, 31),
        file("Test.csv", b"path,class\nTest/00.png,b\nTest/01.png,a\n")),
        Outcome(gray(10, 11), gray(30, 31), ("a", "b"), [0, 1], said=("those in 'Test.csv'",))),
    Row(OURS, "a table beside classes in a folder of a split", both(
        splits("train", "test"), file("train/labels.csv", b"file,label\na/00.png,b\n")),
        Outcome(gray(10, 11), gray(20, 21), ("a", "b"), said=("is not looked at",))),
    Row(OURS, "a CSV that names a file that is not there", both(
        lambda root: shades(root, "img", 1, 2, 3),
        file("labels.csv", b"id,breed\n00,pug\n01,collie\n02,pug\n03,pug\n")),
        Outcome(gray(1, 2, 3), labels=[1, 0, 1],
        said=("lists 1 image not among those that are there, such as '03'",))),
    Row(OURS, "a dataset.json that names a file that is not there", stylegan(
        [["00000/00.png", 0], ["00000/01.png", 1], ["00000/02.png", 1], ["00000/09.png", 1]]),
        Outcome(gray(1, 2, 3), labels=[0, 1, 1],
        said=("lists 1 image not among those that are there, such as '00000/09.png'",))),
    Row(OURS, "a CSV of other things", both(image("a.png"), file("x.csv", b"q,w,e\n1,2,3\n")),
        Outcome([RED], classes=(), said=("'x.csv' of",))),
    Row("grohith327/simplegan#3", "a zip of class folders", zipped(splits(".")),
        Outcome(gray(10, 11), classes=("a", "b"), alone=True), root="photos.zip"),
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
    Row(OURS, "a text named .heic", both(image("a.png"), file("photo.heic", b"hello " * 99)),
        Outcome([RED], said=("left out: 1 file in", ), alone=True)),
    Row(OURS, "JPEG XL", both(image("a.png"), file("b.jxl", JXL)),
        Outcome([RED], said=("1 JPEG XL file in", ))),
    Row(OURS, "PSD", both(image("a.png"), file("b.psd", b"8BPS" + bytes(99))),
        Outcome([RED], said=("1 PSD file in",))),
    Row(OURS, "raw files of a camera", both(image("a.png"), file("b.NEF", b"MM\x00*" + bytes(99))),
        Outcome([RED], said=("1 camera raw file in",))),
    Row(OURS, "TGA", image("a.tga"), Outcome([RED], alone=True)),
    Row(OURS, "JPEG 2000", image("a.jp2", irreversible=False), Outcome([RED], alone=True)),
    Row(OURS, "AVIF", image("a.avif", 128, "L", quality=100), Outcome()),
    Row(OURS, "AVIF named .jpg", image("a.jpg", format="AVIF", quality=100), Outcome()),
    Row("tSchlegl/f-AnoGAN#5", "no suffix", image("a", format="PNG"), Outcome([RED])),
    Row(OURS, "several pages", pages, Outcome(gray(5), said=("and 2 others left out",))),
    Row(OURS, "a PNG whose chunk is broken", broken_chunk, Outcome([RED], said=("skipped",))),
    Row("lyuwenyu/RT-DETR#337", "180 megapixels", large,
        Outcome([RED], said=("more than 178 megapixels",))),
    Row("lyuwenyu/RT-DETR#337", "180 megapixels that are wanted", large,
        Outcome([RED, (0, 0, 0)], alone=True), pixels="huge"),
    Row("replicate/lora-training#9", "a zip of a telephone's photos", zipped(
        both(image("IMG_6003.JPG", 9, "L"), image("IMG_6004.JPG", 9, "L"))),
        Outcome(gray(9, 9), alone=True), root="photos.zip"),
    Row("ImageMarkup/isic-challenge-scoring#15", "a zip with a Mac's second thoughts", zipped(both(
        splits("."), file("__MACOSX/._x.png", b"x"), file("a/._00.png", b"x"))),
        Outcome(gray(10, 11), classes=("a", "b"), alone=True), root="photos.zip"),
    Row("fastai/fastai#488", "a Mac's .DS_Store", both(splits("."), file(".DS_Store", bytes(9)),
        file("a/.DS_Store", bytes(9))), Outcome(gray(10, 11), classes=("a", "b"), alone=True)),
    Row("open-edge-platform/anomalib#3058", "suffixes in capitals", splits_in_capitals,
        Outcome(gray(1, 2), classes=("bad", "good"), alone=True)),
    Row("pytorch/vision#138", "a truncated file", truncated, Outcome([RED], said=("truncated",))),
    Row("kohya-ss/sd-scripts#1316", "turned by EXIF alone", turned, Outcome(gray(0), alone=True)),
    # --- colours and ranges ---
    Row("vlfeat/matconvnet#360", "CMYK", image("a.tif", (0, 255, 255, 0), "CMYK"), Outcome([RED])),
    Row("hardikbansal/CycleGAN#4", "gray among colours", both(image("a.png"),
        image("b.png", 9, "L")), Outcome([RED, (9, 9, 9)], alone=True)),
    Row("llSourcell/Pokemon_GAN#9", "transparent where black is", image("a.png", (0, 0, 0, 0),
        "RGBA"), Outcome([(255, 255, 255)],
        said=("--pixels rgba keeps them",))),
    Row(OURS, "opacity that is full", image("a.png", (*RED, 255), "RGBA"),
        Outcome([RED], alone=True)),
    Row("OpenDisplay/Home_Assistant_Integration#73", "a profile that is not sRGB",
        image("a.png", icc_profile=swapped()),
        Outcome([BLUE], alone=True)),
    Row(OURS, "a profile and opacity",
        image("a.png", (255, 0, 0, 51), "RGBA", icc_profile=swapped()),
        Outcome([(0, 0, 255, 51)]), pixels="rgba"),
    Row(OURS, "a broken profile", image("a.png", icc_profile=b"x" * 200),
        Outcome([RED], said=("1 file in",))),
    Row("junyanz/pytorch-CycleGAN-and-pix2pix#321", "16 bits", lambda root: words(root, 0, 65535),
        Outcome(gray(-32768, 32767), alone=True)),
    Row("junyanz/pytorch-CycleGAN-and-pix2pix#321", "12 of 16 bits",
        lambda root: words(root, 0, 4095),
        Outcome(said=("values up to 4095 of 65535", ))),
    Row(OURS, "12 bits that are told", lambda root: words(root, 0, 2048, 4095),
        Outcome(gray(-32768, 8, 32767), alone=True), pixels="bits=12"),
    Row(OURS, "colours of 16 bits", both(
        deep_png("a.png", 65535, 32639, 511), deep_png("b.png", 65535, 0, 128, 32767),
        deep_tiff("c.tif", "<", 65535, 32639, 511), deep_tiff("d.tif", ">", 65535, 32639, 511),
        deep_tiff("e.tif", "<", 65535, 32639, 511, compressed=True)),
        Outcome([(255, 127, 2), (255, 128, 128), *3 * [(255, 127, 2)]],
        said=("5 files in", ))),
    Row(OURS, "colours of 12 bits in 16", deep_png("a.png", 4095, 2048, 7),
        Outcome([(16, 8, 0)], said=("1 file in", "values up to 4095 of 65535"))),
    Row(OURS, "colours of 12 bits that are told", deep_png("a.png", 4095, 2048, 7),
        Outcome([(255, 128, 0)], said=("1 file in",)), pixels="bits=12"),
    Row(OURS, "colours of more than 12 bits",
        both(image("b.png"), deep_png("a.png", 4096, 2048, 7)),
        Outcome([RED], said=("skipped 1 of 2",), alone=True),
        pixels="bits=12"),
    Row(OURS, "gray and opacity of 16 bits", deep_png("a.png", 25700, 65535),
        Outcome(gray(100), said=("1 file in",))),
    Row(OURS, "one colour of 16 bits that is transparent", both(
        deep_png("a.png", 257, 0, 0, more=struct.pack(">HHH", 257, 0, 0)),
        deep_png("b.png", 258, 0, 0, more=struct.pack(">HHH", 257, 0, 0))),
        Outcome([(0, 0, 0, 0), (1, 0, 0, 255)]), pixels="rgba"),
    Row(OURS, "12 bits of files of 8", image("a.png"),
        Outcome([RED], said=("no file in",)), pixels="bits=12"),
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
def test_what_was_reported(row: Row, tmp_path: Path) -> None:
    if "AVIF" in row.what and not ("avif" in features.modules and features.check("avif")):
        pytest.skip("this Pillow reads no AVIF")
    if "2000" in row.what and not features.check("jpg_2000"):
        pytest.skip("this Pillow reads no JPEG 2000")
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
    left = [*said]
    for part in wanted.said:
        line = next((line for line in left if part in line), None)
        assert line is not None, (part, said)
        left.remove(line)
    assert not (wanted.alone and left), left
    assert not [line for line in said if re.search(r"\b1 ([A-Za-z]+ )*[a-z]*[^s ]s\b", line)]
    if wanted.held is not None:
        assert colours(load("test")) == wanted.held
