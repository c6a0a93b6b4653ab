"""Colours by what a profile does and not by its name; gray of 16 bits that is not plain."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.opened import look

SRGB: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


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
    def chunk(name: bytes, content: bytes) -> bytes:
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    row = b"\0" + struct.pack(">4H", 0, 1000, 40_000, 65_535)
    path = tmp_path / "image.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 0, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(">H", 1000))
        + chunk(b"IDAT", zlib.compress(4 * row))
        + chunk(b"IEND", b"")
    )
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
