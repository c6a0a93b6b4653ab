"""Folders as people have them: how each is made, and what has to come of it."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from ganzoo.artifacts.places import mark
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources import folder

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
    alone: bool = False
    """Whether nothing else is said."""
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


def deep_png(name: str, *pixel: int, more: bytes = b"") -> Callable[[Path], None]:
    """A PNG of one colour, of 16 bits a channel; two are gray and opacity."""
    kind = {2: 4, 3: 2, 4: 6}[len(pixel)]
    row = b"\0" + 16 * struct.pack(f">{len(pixel)}H", *pixel)

    def chunk(what: bytes, content: bytes) -> bytes:
        check = zlib.crc32(what + content)
        return struct.pack(">I", len(content)) + what + content + struct.pack(">I", check)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(16 * row)) + chunk(b"IEND", b"")
    return file(name, b"\x89PNG\r\n\x1a\n" + head + (more and chunk(b"tRNS", more)) + body)


def deep_tiff(
    name: str, order: str, *pixel: int, compressed: bool = False
) -> Callable[[Path], None]:
    """A TIFF of one colour of 16 bits, with its bytes in an order, ``<`` or ``>``."""
    body = 256 * struct.pack(f"{order}3H", *pixel)
    body = zlib.compress(body) if compressed else body
    tags = {256: 16, 257: 16, 258: 0, 259: 8 if compressed else 1, 262: 2, 273: 0, 277: 3, 278: 16}
    tags |= {279: len(body), 284: 1}
    end = 10 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack(f"{order}HHII", tag, 4, 1, end + 6 if tag == 273 else value)
        if tag != 258
        else struct.pack(f"{order}HHII", 258, 3, 3, end)
        for tag, value in sorted(tags.items())
    )
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(tags))
    return file(name, head + entries + bytes(4) + struct.pack(f"{order}3H", 16, 16, 16) + body)


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
    first, *others = (Image.new("L", (16, 16), shade) for shade in (5, 6, 7))
    first.save(root / "a.tif", save_all=True, append_images=others)


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
