"""Of what format a file is, by its first bytes: names deceive, and some files have no suffix."""

import contextlib
import errno
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.artifacts.files import refuse_endless
from ganzoo.data.files.reading import PatientFile

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
"""Of files that are taken for images without a look into them; decoding shows what they are."""
OTHERS = (
    *(".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md", ".html", ".py"),
    *(".npy", ".npz", ".pt", ".pth", ".safetensors", ".zip", ".gz", ".tar", ".log", ".caption"),
)
"""Of files that are taken for something else without a look into them."""
IMAGES = (
    *(".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".jpf", ".jpx", ".psd", ".exr", ".hdr"),
    *(".dds", ".ico", ".svg", ".dcm"),
)
"""Of other images, which are found by their content."""
RAW = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2"),
    *(".raf", ".pef", ".srw", ".x3f", ".3fr", ".iiq", ".erf"),
)
"""Of cameras' raw files, which look like a TIFF that holds a thumbnail."""

_READ = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF", "HEIF", "JPEG2000", "JXL")
"""What Pillow may find in a file: not all that it knows, as some run other programs."""
_PLUGINS = {
    "HEIF": ("pillow_heif", "pillow-heif"),
    "AVIF": ("pillow_avif", "pillow-avif-plugin"),
    "JXL": ("pillow_jxl", "pillow-jxl-plugin"),
}
"""By format: the module that teaches it to Pillow, and what to install."""
_NAMES = {"HEIF": "HEIC", "JXL": "JPEG XL", "JPEG2000": "JPEG 2000"}

_MAGIC = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "BMP": rb"BM....\x00\x00\x00\x00",
    "TIFF": rb"II[*+]\x00|MM\x00[*+]",
    "WEBP": rb"RIFF....WEBP",
    "PPM": rb"P[1-6]\s(#|\d+\s+(#|\d+\s))",
    "AVIF": rb"....ftyp(avi[fs]|.{4}.{4}(.{4}){0,4}avi[fs])",
    "HEIF": rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)",
    "JPEG2000": rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "JXL": rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n",
    "PSD": rb"8BPS",
    "OpenEXR": rb"\x76\x2f\x31\x01",
    "Radiance HDR": rb"#\?(RADIANCE|RGBE)",
    "DDS": rb"DDS ",
    "ICO": rb"\x00\x00\x01\x00.\x00",
    "DICOM": rb".{128}DICM",
    "NIfTI": rb"(\x5c\x01\x00\x00|\x00\x00\x01\x5c).{340}n[+i]1",
    "SVG": rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg",
    "camera raw": rb"FUJIFILMCCD-RAW|....ftypcrx |IIRO|IIU\x00|FOVb",
}
_PATTERNS = {name: re.compile(magic, re.DOTALL) for name, magic in _MAGIC.items()}
_LOOK = 512
"""Bytes at the beginning."""
_MOST = 2**32
"""Bytes of the largest images."""
_TGA = b"TRUEVISION-XFILE.\x00"
"""At the end."""


def format_of(path: Path) -> str:
    """Of what format an image is; empty: it is none that is known, or cannot be opened."""
    if path.suffix.lower() in RAW:
        return "camera raw"
    try:
        refuse_endless(path)
        with path.open("rb") as file:
            head = file.read(_LOOK)
            found = next((name for name, magic in _PATTERNS.items() if magic.match(head)), "")
            if found or path.suffix.lower() == ".tga":
                return found or "TGA"
            if len(head) == _LOOK:
                file.seek(-len(_TGA), 2)
                head = file.read()
            return "TGA" if head.endswith(_TGA) else ""
    except OSError:
        return ""


def readable(found: str) -> bool:
    """Whether images of a format can be read here."""
    return found == "TGA" or found in known_formats()


def advice(found: str) -> str:
    """What to do about images of a format that cannot be read here."""
    if found in _PLUGINS:
        return f"`pip install {_PLUGINS[found][1]}` has them read"
    return "save them as PNG"


def name_of(found: str) -> str:
    """What a format is called."""
    return _NAMES.get(found, found)


_WIDER = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies grays of fewer bits by, by how it calls them."""


@contextlib.contextmanager
def open_image(path: Path) -> Iterator["Image.Image"]:
    """A file as Pillow has it, not decoded yet; what is decoded stays when it is closed.

    Raises:
        OSError: it cannot be opened, is a pipe or the like, is no image (a subclass of this), or
            none was found in it after long.
    """
    from PIL import Image

    refuse_endless(path)
    _refuse_vast(path)
    with PatientFile(path) as file, Image.open(file, formats=formats_of(path)) as image:
        _widen_hidden(image)
        yield image


def _widen_hidden(image: "Image.Image") -> None:
    """Have the gray that is transparent be one of 8 bits, as Pillow makes all others."""
    hidden, tiles = image.info.get("transparency"), getattr(image, "tile", ())
    if image.mode == "L" and isinstance(hidden, int) and tiles:
        image.info["transparency"] = hidden * _WIDER.get(tiles[0][3], 1)


def _refuse_vast(path: Path) -> None:
    """Refuse what has more bytes than an image.

    Raises:
        OSError: it has, perhaps on paper alone.
    """
    size = path.stat().st_size
    if size > _MOST:
        said = f"it has {size / 1e9:,.0f} GB, and no image has more than {_MOST / 1e9:.1f}"
        raise OSError(errno.EFBIG, said, str(path))


def formats_of(path: Path) -> tuple[str, ...]:
    """What Pillow may take a file for: TGA only by its name, as anything could be one."""
    found = known_formats()
    return (*found, "TGA") if path.suffix.lower() in ("", ".tga") else found


@cache
def known_formats() -> tuple[str, ...]:
    """All that this Pillow reads, with the plugins that are installed for it."""
    from PIL import Image, features

    Image.init()
    parts = {"JPEG2000": "jpg_2000", "AVIF": "avif"}
    known = {*features.modules, *features.codecs}
    found = [name for name in _READ if name not in (*parts, *_PLUGINS)]
    found += [name for name, part in parts.items() if part in known and features.check(part)]
    for name, (module, _) in _PLUGINS.items():
        if name not in found:
            with contextlib.suppress(ImportError):  # it need not be installed
                plugin = importlib.import_module(module)
                if hasattr(plugin, "register_heif_opener"):
                    plugin.register_heif_opener()
                found.append(name)
    return tuple(found)
