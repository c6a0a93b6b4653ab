"""Files of the user's that are damaged: each is read, left out, or refused in a sentence."""

import io
import json
import os
import random
import shutil
import time
import traceback
import zipfile
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from faults.watched import VIOLATIONS, Told, watched
from ganzoo.data.dataset import DataRequest
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog

TOGETHER = 500
SIDE = 8


def campaign(
    folder: Path, chance: random.Random, until: float, most: int
) -> tuple[Counter[str], list[str]]:
    """Damage a file, and load the data set, until a time or so often."""
    counts, wrong = Counter[str](), list[str]()
    seed, number = chance.random(), 0
    kinds = _made()
    while time.monotonic() < until and number < most:
        numbers = range(number, min(number + TOGETHER, most))
        for told in watched(folder, partial(_tried, folder, kinds), seed, numbers, until):
            number = told.number + 1
            counts["damaged files"] += 1
            counts.update(told.outcomes)
            wrong += told.wrong
    return counts, wrong


Kind = tuple[str, str, dict[str, bytes]]
"""A data set, where it lies, and its files, of which the first is damaged."""


def _made() -> list[Kind]:
    """The smallest files of each kind, whole."""
    pixels = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE)
    gray, colour = Image.fromarray(pixels), Image.fromarray(np.stack([pixels] * 3, 2))
    pictures = {
        f"x.{suffix}": _saved(image, suffix)
        for image in (gray, colour)
        for suffix in ("png", "jpg", "gif", "tif", "webp", "bmp", "ppm", "tga")
    }
    png = _saved(gray, "png")
    images = [("folder", "", {name: content, "ok.png": png}) for name, content in pictures.items()]
    images.append(("folder", "", {"deep.png": _deep(), "ok.png": png}))
    stream, packed = io.BytesIO(), io.BytesIO()
    np.savez_compressed(stream, x=np.zeros((12, SIDE, SIDE), np.uint8), y=np.arange(12) % 2)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a/0.png", "b/1.png"):
            archive.writestr(name, png)
    labels = json.dumps({"labels": [["0.png", 0], ["1.png", 1]]}).encode()
    beside = {"0.png": png, "1.png": png}
    rows = "".join(f"{number},{'ab'[number % 2]}\n" for number in range(12))
    flags = b"2\nhat glasses\n0.png 1 -1\n1.png -1 1\n"
    return [
        *images,
        ("npz", "x.npz", {"x.npz": stream.getvalue()}),
        ("folder", "x.zip", {"x.zip": packed.getvalue()}),
        ("folder", "", {"dataset.json": labels, **beside}),
        ("folder", "", {"labels.csv": b"file,label\n0.png,a\n1.png,b\n", **beside}),
        ("csv", "x.csv", {"x.csv": f"number,label\n{rows}".encode()}),
        ("attributes", "", {"list_attr_celeba.txt": flags, **beside}),
        ("text", "x.txt", {"x.txt": "".join(f"line {n}\n" for n in range(12)).encode()}),
    ]


def _saved(image: Image.Image, suffix: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix))
    return stream.getvalue()


def _deep() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((SIDE, SIDE), 999, np.uint16)).save(stream, "PNG")
    return stream.getvalue()


def _tried(folder: Path, kinds: list[Kind], chance: random.Random) -> Told:
    """Damage the first file of some data, and load them."""
    root = folder / "data"
    os.environ["GANZOO_CACHE"] = str(folder / "cache")
    for each in (root, folder / "cache"):
        shutil.rmtree(each, ignore_errors=True)
    root.mkdir()
    name, where, files = chance.choice(kinds)
    damaged = next(iter(files))
    for file, content in files.items():
        (root / file).write_bytes(content if file != damaged else _damage(content, chance))
    kept = (root / damaged).read_bytes()
    VIOLATIONS.clear()
    size = (SIDE, SIDE) if name in ("folder", "attributes") else None
    try:
        catalog.load(name, DataRequest(root / where, image_size=size))
        outcome = "read"
    except GanzooError as error:
        outcome = "refused" if "\n" not in str(error) else "in several lines"
    except BaseException:
        outcome = traceback.format_exc()[-800:]
    if outcome in ("read", "refused") and not VIOLATIONS:
        return Told({f"{Path(damaged).suffix}: {outcome}": 1}, [])
    return Told({"broke": 1}, [f"{name}, {damaged} {kept.hex()}: {outcome} {VIOLATIONS}"])


def _damage(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    how = chance.choice(["bits", "bits", "bytes", "cut", "more", "deep", "huge"])
    place = chance.randrange(len(changed))
    if how == "bits":
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    elif how == "bytes":
        changed[place : place + 4] = chance.choice([b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"])
    elif how == "cut":
        del changed[place:]
    elif how == "more":
        changed[place:place] = chance.randbytes(chance.randint(1, 99))
    elif how == "deep":
        changed[place:place] = chance.choice([b"[", b'{"a":', b"("]) * 100_000
    else:
        changed[place:place] = b"9" * 10_000
    return bytes(changed)
