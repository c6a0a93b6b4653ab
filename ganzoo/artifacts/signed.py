"""Pictures and films that say that ganzoo made them, so that none is taken for data."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

NAME = "ganzoo"
_SOFTWARE = 0x0131
"""A tag of EXIF."""
_HEADER = 8 + 4 + 4 + 13 + 4
"""Bytes of a PNG's signature and first chunk."""


def signed_png(content: bytes) -> bytes:
    """The same PNG with a text chunk that says so."""
    chunk = b"tEXt" + b"Software\0" + NAME.encode()
    text = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:_HEADER] + text + content[_HEADER:]


def signature(suffix: str) -> dict[str, Any]:
    """What has Pillow sign a film, a ``.gif`` or a ``.webp``."""
    if suffix == ".gif":
        return {"comment": NAME.encode()}
    from PIL.Image import Exif

    exif = Exif()
    exif[_SOFTWARE] = NAME
    return {"exif": exif}


def is_signed(opened: Image) -> bool:
    """Whether an image, which need not be decoded, says that ganzoo made it."""
    match opened.format:
        case "PNG":
            return opened.info.get("Software") == NAME
        case "GIF":
            return opened.info.get("comment") == NAME.encode()
        case "WEBP":
            return opened.getexif().get(_SOFTWARE) == NAME
    return False
