"""Of what format files are, and what ``--pixels`` takes."""

import os
import re
from pathlib import Path

import pytest
import torch
from helpers.places import ROOT
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.files import reading
from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.formats import SUFFIXES, advice, format_of, readable
from ganzoo.data.files.opened import Look, look, mode_of, upright_size
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels, parse_pixels
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".tga"])
def test_what_pillow_writes_is_known_without_its_name(suffix: str, tmp_path: Path) -> None:
    mode = "1" if suffix == ".pbm" else "L"
    Image.new(mode, (9, 9)).save(tmp_path / f"x{suffix}")
    (tmp_path / f"x{suffix}").rename(tmp_path / "x")
    assert readable(format_of(tmp_path / "x"))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", ""),
        (b"BM, as they say", ""),
        (b"P5 is a hexagon", ""),
        (b"GIF is a format", ""),
        (b"{}", ""),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41", ""),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heicmiaf", "HEIF"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "AVIF"),
        (b"\xff\x0a\xfa\x1f", "JXL"),
        (b"<svg xmlns='x'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<svg/>", "SVG"),
        (b"<?xml version='1.0'?>\n<html/>", ""),
        (bytes(128) + b"DICM", "DICOM"),
        (b"\x76\x2f\x31\x01" + bytes(9), "OpenEXR"),
    ],
)
def test_first_bytes_say_what_it_is(content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    assert format_of(tmp_path / "x") == found
    assert not found or readable(found) or advice(found)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_nobody_waits_for_the_image_in_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    for path in (tmp_path / "x.png", Path("/dev/zero")):
        assert format_of(path) == ""
        assert upright_size(path) is None
        for found in (look(path, 1, None), look_exactly(path, 1)):
            assert found == "it is a pipe or the like, and no file"


@pytest.mark.parametrize("head", [b"GIF89a\x10\0\x10\0\x80\0\0", b"\xff\xd8\xff\xe0", b"P3\n#"])
def test_no_terabyte_of_nothing_is_looked_through(head: bytes, tmp_path: Path) -> None:
    """On paper, as of a file with holes."""
    with (tmp_path / "x").open("wb") as file:
        file.write(head)
        file.truncate(2**40)
    assert mode_of(tmp_path / "x") == ""
    for found in (look(tmp_path / "x", 1, None), look_exactly(tmp_path / "x", 1)):
        assert isinstance(found, str)
        assert found.startswith("it has 1,100 GB, and no image has more than ")


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"GIF89a\x10\0\x10\0\x80\0\0", 2**28),
        (b"\xff\xd8\xff\xe0", 2**28),
        (b"\xff\xd8" + b"\xff\xfe\0\2" * 2**14, 2**16),  # empty remarks
        (b"P6 #", 2**32),
    ],
)
def test_nothing_is_looked_through_for_long(
    head: bytes, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each took ten seconds of the processor or more, and the last ten minutes."""
    monkeypatch.setattr(reading, "PARTS", 10_000)
    with (tmp_path / "x").open("wb") as file:
        file.write(head)
        file.truncate(size - 1)
    assert mode_of(tmp_path / "x") == ""
    for found in (look(tmp_path / "x", 1, None), look_exactly(tmp_path / "x", 1)):
        assert found == "no image was found in 10,000 parts of it"


def test_films_have_fewer_parts_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = torch.randint(256, (20, 64, 64), dtype=torch.uint8).numpy()
    frames = [Image.fromarray(one) for one in noise]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(reading, "PARTS", (tmp_path / "x.gif").stat().st_size // 100)
    found = look(tmp_path / "x.gif", 1, None)
    assert isinstance(found, Look)
    assert found.pages == 19


def test_words_of_pixels() -> None:
    assert parse_pixels(None) == AS_THEY_ARE
    assert parse_pixels("gray") == Pixels("gray")
    assert parse_pixels(" RGBA, huge,bits=12") == Pixels("rgba", 12, True)
    for wrong in ("", "grey", "rgb,gray", "bits", "bits=7", "bits=17", "bits=x", "huge=1", "rgb,"):
        with pytest.raises(GanzooError, match="--pixels takes one of gray, rgb and rgba, bits=8"):
            parse_pixels(wrong)


def test_what_reads_no_images_of_the_user_refuses_pixels(tmp_path: Path) -> None:
    gray = Pixels("gray")
    for name in ("glyphs", "glyphs+ink", "mnist"):
        with pytest.raises(GanzooError, match="reads no image files of yours: leave out --pixels"):
            catalog.load(name, DataRequest(tmp_path, pixels=gray))
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(GanzooError, match="'csv' holds rows of a table: leave out --pixels"):
        catalog.load("csv", DataRequest(tmp_path, pixels=gray))


def test_no_image_is_opened_in_a_format_that_is_not_named() -> None:
    """Of EPS, under whatever name, Pillow has Ghostscript do what stands in it."""
    opening = re.compile(r"\bImage\.open\((?!.*formats=).*")
    sources = [*(ROOT / "ganzoo").rglob("*.py"), *ROOT.glob("plugins/*/ganzoo_*/**/*.py")]
    found = {
        line.strip()
        for source in sources
        if source.name != "use.py"  # what it writes is for the reader's own images
        for line in opening.findall(source.read_text())
    }
    assert found == set()
