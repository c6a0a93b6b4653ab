"""Colours by what a profile does and not by its name; gray of 16 bits that is not plain."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.opened import look, upright_size

SRGB: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(name: bytes, content: bytes) -> bytes:
    whole = name + content
    return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))


def png(path: Path, bits: int, colour: int, rows: list[bytes], **more: bytes) -> Path:
    """A PNG as wide as it is high, with more chunks before its pixels."""
    head = struct.pack(">IIBBBBB", len(rows), len(rows), bits, colour, 0, 0, 0)
    parts = [(b"IHDR", head), *((name.encode(), content) for name, content in more.items())]
    parts += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    return path


def linear(description: str) -> bytes:
    """A profile with the primaries of sRGB, whose values are as much light."""
    text = description.encode("utf-16-be")
    named = b"mluc\0\0\0\0" + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text
    (count,) = struct.unpack(">I", SRGB[128:132])
    table, body = struct.pack(">I", count), b""
    for entry in range(count):
        name, place, size = struct.unpack(">4sII", SRGB[132 + 12 * entry : 144 + 12 * entry])
        tag = SRGB[place : place + size]
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            tag = b"curv" + bytes(8)
        elif name == b"desc":
            tag = named
        table += struct.pack(">4sII", name, 132 + 12 * count + len(body), len(tag))
        body += tag + bytes(-len(tag) % 4)
    whole = SRGB[:128] + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


@pytest.mark.parametrize("description", ["GIMP built-in Linear sRGB", "Linear Rec709"])
def test_a_profile_that_is_linear_is_converted_whatever_it_is_called(
    tmp_path: Path, description: str
) -> None:
    """55 of 255 as light is 0.2157, which sRGB writes as 0.5018."""
    profile = linear(description)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    assert opened.profile.profile_description == description
    path = tmp_path / "image.png"
    Image.fromarray(np.full((4, 4, 3), 55, np.uint8)).save(path, icc_profile=profile)
    for found in (look(path, 3, None), look_exactly(path, 3)):
        assert not isinstance(found, str)
        assert not found.miscoloured
        assert abs(found.pixels.astype(int) - 128).max() <= 1


def test_what_is_srgb_stays_as_it_is(tmp_path: Path) -> None:
    path, pixels = tmp_path / "image.png", np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    Image.fromarray(pixels).save(path, icc_profile=SRGB)
    found = look(path, 3, None)
    assert not isinstance(found, str)
    assert (found.pixels == pixels.transpose(2, 0, 1)).all()


def test_gray_of_16_bits_says_that_its_profile_is_of_no_use(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.fromarray(np.full((4, 4), 10_000, np.uint16)).save(path, icc_profile=linear("Linear"))
    for found in (look(path, 1, None), look_exactly(path, 1)):
        assert not isinstance(found, str)
        assert found.miscoloured


def test_a_gray_of_16_bits_may_be_transparent(tmp_path: Path) -> None:
    row = struct.pack(">4H", 0, 1000, 40_000, 65_535)
    path = png(tmp_path / "image.png", 16, 0, 4 * [row], tRNS=struct.pack(">H", 1000))
    on_white, whole = look(path, 1, None), look(path, 4, None)
    assert not isinstance(on_white, str)
    assert not isinstance(whole, str)
    assert on_white.whitened
    assert on_white.pixels[0, 0].tolist() == [0, 255, 156, 255]
    assert whole.pixels[3, 0].tolist() == [255, 0, 255, 255]


def test_gray_of_16_bits_whose_0_is_white_is_refused(tmp_path: Path) -> None:
    """Pillow reads it upside down; of 8 bits it does not."""
    path = tmp_path / "image.tif"
    pixels = struct.pack("<4H", 0, 1000, 40_000, 65_535)
    tags = {256: 4, 257: 1, 258: 16, 259: 1, 262: 0, 277: 1, 278: 1, 279: len(pixels)}
    tags[273] = 8 + 2 + 12 * (len(tags) + 1) + 4
    content = b"II*\0" + struct.pack("<IH", 8, len(tags))
    content += b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items())
    )
    path.write_bytes(content + bytes(4) + pixels)
    assert look(path, 1, None) == "its gray of 16 bits has white as 0: save it with black as 0"


@pytest.mark.parametrize(("bits", "row"), [(2, b"\x1b"), (4, b"\x03\x5f"), (8, b"\0\x05\x63\xff")])
def test_a_gray_of_few_bits_may_be_transparent(tmp_path: Path, bits: int, row: bytes) -> None:
    """Pillow scales the pixels to 8 bits, and leaves the gray that is transparent as it was."""
    values = np.array({2: [0, 1, 2, 3], 4: [0, 3, 5, 15], 8: [0, 5, 99, 255]}[bits])
    path = png(tmp_path / "image.png", bits, 0, 4 * [row], tRNS=struct.pack(">H", values[1]))
    whole = look(path, 4, None)
    assert not isinstance(whole, str)
    assert whole.pixels[0, 0].tolist() == (values * 255 // (2**bits - 1)).tolist()
    assert whole.pixels[3, 0].tolist() == [255, 0, 255, 255]
    on_white = look_exactly(path, 1)
    assert not isinstance(on_white, str)
    assert on_white.whitened
    assert on_white.pixels[0, 0, 1] == 255


LIGHT = {1.0: 188, 1 / 1.8: 145, 1 / 2.2: 128, 0.45: 128}
"""What half of all levels is in sRGB, by the power that a PNG names: 128/255 = 0.502 of light is
0.737 of the levels."""


@pytest.mark.parametrize("gamma", LIGHT)
@pytest.mark.parametrize("colour", [0, 2, 3, 4, 6])
def test_a_power_of_light_that_a_png_names_is_heeded(
    tmp_path: Path, gamma: float, colour: int
) -> None:
    pixel = {0: b"\x80", 2: b"\x80" * 3, 3: b"\0", 4: b"\x80\xff", 6: b"\x80\x80\x80\xff"}[colour]
    more = {"gAMA": struct.pack(">I", round(100_000 * gamma))}
    more |= {"PLTE": b"\x80" * 3} if colour == 3 else {}
    path = png(tmp_path / "image.png", 8, colour, 2 * [2 * pixel], **more)
    for found in (look(path, 3, None), look_exactly(path, 3)):
        assert not isinstance(found, str)
        assert abs(found.pixels.astype(int) - LIGHT[gamma]).max() <= 1
        assert not found.whitened
    meant = png(path, 8, colour, 2 * [2 * pixel], **{"sRGB": b"\0", **more})
    found = look(meant, 3, None)
    assert not isinstance(found, str)
    assert (found.pixels == 128).all()


def test_a_power_of_light_and_a_transparent_gray(tmp_path: Path) -> None:
    linear_one = {"gAMA": struct.pack(">I", 100_000), "tRNS": struct.pack(">H", 128)}
    path = png(tmp_path / "image.png", 8, 0, 2 * [b"\x80\xbc"], **linear_one)
    found = look(path, 4, None)
    assert not isinstance(found, str)
    assert found.pixels[3, 0].tolist() == [0, 255]
    assert found.pixels[0, 0, 1] == 223


@pytest.mark.parametrize("exactly", [False, True])
def test_a_power_of_light_in_16_bits(tmp_path: Path, exactly: bool) -> None:
    """Colours are converted in 8 bits; of gray it is said that nothing converts it."""
    more = {"gAMA": struct.pack(">I", 100_000)}
    colours = png(tmp_path / "colours.png", 16, 2, 2 * [2 * (3 * b"\x80\0")], **more)
    gray = png(tmp_path / "gray.png", 16, 0, 2 * [2 * b"\x80\0"], **more)
    found, told = (
        look_exactly(path, channels) if exactly else look(path, channels, None)
        for path, channels in ((colours, 3), (gray, 1))
    )
    assert not isinstance(found, str)
    assert not isinstance(told, str)
    assert abs(found.pixels.astype(int) - 188).max() <= 1
    assert told.miscoloured


def tiff(path: Path, planes: np.ndarray, **tags: int) -> Path:
    """An uncompressed TIFF whose colours (colours, height, width) lie one after the other."""
    many, height, width = planes.shape
    bits = 8 * planes.itemsize
    known = {256: width, 257: height, 259: 1, 262: 2, 277: many, 278: height, 284: 2}
    known |= {int(name[1:]): value for name, value in tags.items()}
    lists = {258: [bits] * many, 273: [0] * many, 279: [height * width * planes.itemsize] * many}
    start = 8 + 2 + 12 * (len(known) + 3) + 4
    pixels_at = start + 3 * 4 * many
    lists[273] = [pixels_at + number * lists[279][0] for number in range(many)]
    places = dict(zip(sorted(lists), range(start, pixels_at, 4 * many), strict=True))
    entries = [(tag, 4, 1, value) for tag, value in known.items()]
    entries += [(tag, 4, many, places[tag]) for tag in lists]
    content = b"II*\0" + struct.pack("<IH", 8, len(entries))
    content += b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries)) + bytes(4)
    content += b"".join(struct.pack(f"<{many}I", *lists[tag]) for tag in sorted(lists))
    path.write_bytes(content + planes.astype(planes.dtype.newbyteorder("<")).tobytes())
    return path


def test_colours_of_16_bits_that_lie_in_planes_are_refused(tmp_path: Path) -> None:
    """Pillow takes the planes for such of 8 bits; those of 8 bits it reads rightly."""
    planes = np.random.default_rng(0).integers(0, 256, (3, 4, 5), np.uint8)
    found = look(tiff(tmp_path / "eight.tif", planes), 3, None)
    assert not isinstance(found, str)
    assert (found.pixels == planes).all()
    deep = tiff(tmp_path / "deep.tif", planes.astype(np.uint16) * 257)
    for refused in (look(deep, 3, None), look_exactly(deep, 3)):
        assert isinstance(refused, str)
        assert "lie in planes" in refused


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_of_a_tiff_that_lies_on_its_side(tmp_path: Path, orientation: int) -> None:
    planes = np.zeros((3, 4, 5), np.uint8)
    path = tiff(tmp_path / "image.tif", planes, t274=orientation)
    found = look(path, 3, None)
    assert not isinstance(found, str)
    assert upright_size(path) == found.pixels.shape[1:] == ((5, 4) if orientation > 4 else (4, 5))
