"""One image file as the eye sees it: upright, in sRGB, and of as many channels as are wanted."""

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from ganzoo.artifacts.pixels import OFFSET
from ganzoo.artifacts.signed import is_signed
from ganzoo.data.files.colours import hidden_in, in_srgb, is_deep, mode_in, words_in
from ganzoo.data.files.formats import advice, format_of, name_of, open_image, readable
from ganzoo.data.files.reading import reason_of
from ganzoo.data.files.wanted import AS_THEY_ARE, MOST_BITS, Pixels

if TYPE_CHECKING:
    from PIL import Image

Half = Literal["", "left", "right"]
Size = tuple[int, int]

ORIENTATION = 0x0112
_QUARTER_TURNED = range(5, 9)
"""Values of that tag of EXIF."""
_SIDES = 256, 257
"""Tags of TIFF: width and height, as the pixels lie in the file."""
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
LARGE = 40_000_000
"""Pixels, of which a copy takes up to 160 MB, and decoding several copies: beyond as many, images
are decoded one after another, however many threads there are."""
_LARGE_ONE = threading.Lock()
_LIMITING = threading.Lock()
_LIMITS: list[int | None] = []
"""What Pillow's limit was as each block without one began."""


class Look(NamedTuple):
    """What is found in a file."""

    pixels: np.ndarray
    """uint8, or int16 for 16 bits, (channels, height, width)."""
    highest: int = 0
    """The greatest value in a file of 16 bits, opacity aside."""
    pages: int = 0
    """Pages, or frames, behind the one that was taken."""
    deep: bool = False
    """Whether its colours had 16 bits."""
    miscoloured: bool = False
    """Whether its colour profile could not be used."""
    whitened: bool = False
    """Whether pixels of it were transparent, and lie on white now."""
    enlarged: bool = False
    """Whether it was smaller than what it was scaled to."""
    signed: bool = False
    """Whether it says that ganzoo made it."""


def look(
    path: Path, channels: int, size: Size | None, half: Half = "", wanted: Pixels = AS_THEY_ARE
) -> Look | str:
    """The image, or half of it, as uint8 (channels, height, width), or why it cannot be read.

    Args:
        path: of the file.
        channels: 1, 3 or 4, the last of which is opacity.
        size: (height, width) that it is scaled to cover and cropped to; None: its own.
        half: of it, where it holds two images beside each other.
        wanted: what ``--pixels`` says.
    """

    def pixels(upright: "Image.Image") -> Look:
        eight, highest = _eight_bit(upright, wanted)
        flat, whitened = (eight.convert("RGBA"), False) if channels == 4 else _on_white(eight)
        fitted = np.asarray(_fitted(flat.convert(_MODES[channels]), size))
        made = fitted.reshape(*fitted.shape[:2], channels).transpose(2, 0, 1)
        return Look(made, highest, whitened=whitened, enlarged=_is_smaller(upright, size))

    return _look(path, half, pixels, wanted)


def look_at_words(
    path: Path, size: Size | None, half: Half = "", wanted: Pixels = AS_THEY_ARE
) -> Look | str:
    """A grayscale image of 16 bits, as int16 (1, height, width), or why it cannot be read."""

    def pixels(upright: "Image.Image") -> Look:
        from PIL import Image

        values, highest = whole_range(np.asarray(upright), wanted)
        exact = Image.fromarray(values.astype(np.float32))
        words = np.asarray(_fitted(exact, size)).round().clip(0, 65535).astype(np.int32)
        small = _is_smaller(upright, size)
        return Look((words - OFFSET).astype(np.int16)[None], highest, enlarged=small)

    return _look(path, half, pixels, wanted)


def mode_of(path: Path, wanted: Pixels = AS_THEY_ARE, *, signed: bool = True) -> str:
    """Pillow's name for what the pixels are, as the header says; empty: it cannot be read.

    Args:
        path: of the file.
        wanted: what ``--pixels`` says.
        signed: whether one that ganzoo made is looked at; else it is as if it could not be read.
    """
    try:
        with open_image(path) as image:
            if is_signed(image) and not signed:
                return ""
            return mode_in(image) if wanted.managed else image.mode
    except Exception:  # decoding it will say why
        return ""


def is_coloured(mode: str) -> bool:
    """Whether pixels are in colour; a palette counts as coloured."""
    return mode not in ("1", "L", "LA", "La", "F") and mode[0] != "I"


def upright_size(path: Path) -> Size | None:
    """(height, width) as the header says; None: it cannot be read."""
    try:
        with open_image(path) as image:
            tags = getattr(image, "tag_v2", {})  # of a TIFF, whose size Pillow may have turned
            width, height = (
                tags.get(tag, own) for tag, own in zip(_SIDES, image.size, strict=True)
            )
            turned = image.getexif().get(ORIENTATION, 1) in _QUARTER_TURNED
            return (width, height) if turned else (height, width)
    except Exception:  # decoding it will say why
        return None


@contextlib.contextmanager
def limited(wanted: Pixels) -> Iterator[None]:
    """Images of as many pixels as are wanted can be read in this block, and none is warned of."""
    with _unlimited() if wanted.huge else contextlib.nullcontext(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about images that it reads all the same
        yield


@contextlib.contextmanager
def _unlimited() -> Iterator[None]:
    """A block without Pillow's limit, which is there again after the last one of all threads."""
    from PIL import Image

    with _LIMITING:
        _LIMITS.append(Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        with _LIMITING:
            usual = _LIMITS[0]
            _LIMITS.pop()
            if not _LIMITS:
                Image.MAX_IMAGE_PIXELS = usual


def _look(
    path: Path,
    half: Half,
    pixels: Callable[["Image.Image"], Look],
    wanted: Pixels,
) -> Look | str:
    """What is made of the pixels of a file, turned upright, or why it cannot be read."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with open_image(path) as opened, _turn(opened):
            pages, deep = _further_pages(opened), wanted.managed and is_deep(opened)
            image, brightest = _narrow(path, opened, wanted) if deep else (opened, 0)
            upright = ImageOps.exif_transpose(image)
            upright, miscoloured = in_srgb(upright) if wanted.managed else (upright, False)
            made = pixels(_half(upright, half))
            return made._replace(
                highest=max(made.highest, brightest),
                pages=pages,
                deep=deep,
                miscoloured=miscoloured,
                signed=is_signed(opened),
            )
    except UnidentifiedImageError:
        found = format_of(path)
        if found and not readable(found):
            return f"it is {name_of(found)}, which cannot be read here: {advice(found)}"
        return "it is damaged" if found else "it is not an image"
    except Image.DecompressionBombError:
        return _too_large()
    except Exception as error:  # whatever a decoder makes of a damaged file
        return reason_of(path, error)


def _turn(opened: "Image.Image") -> contextlib.AbstractContextManager[object]:
    """A block in which there is memory for all of an image."""
    large = opened.width * opened.height > LARGE
    return _LARGE_ONE if large else contextlib.nullcontext()


def _further_pages(opened: "Image.Image") -> int:
    """Pages, or frames, behind the first one."""
    if opened.format == "MPO" or not getattr(opened, "is_animated", False):
        return 0
    try:
        return int(getattr(opened, "n_frames", 2)) - 1
    except Exception:  # one of them is damaged, and nobody wants it
        return 1


def _narrow(path: Path, opened: "Image.Image", wanted: Pixels) -> tuple["Image.Image", int]:
    """An image whose colours have 16 bits with such of 8, and the greatest of them, opacity aside.

    It says of itself what the file does.
    """
    from PIL import Image

    mode, words = mode_in(opened), words_in(path, opened)
    info = {key: value for key, value in opened.info.items() if key != "transparency"}
    if (hidden := hidden_in(opened)) is not None:
        shown = 65535 * (words != hidden).any(2, keepdims=True).astype(np.uint16)
        words, mode = np.concatenate((words, shown), 2), "RGBA" if mode == "RGB" else "LA"
    opacity = words[:, :, -1:] if mode.endswith("A") else words[:, :, :0]
    colours, highest = whole_range(words[:, :, : words.shape[2] - opacity.shape[2]], wanted)
    eight = eight_bits(np.concatenate((colours, opacity), 2))
    made = Image.frombytes(mode, opened.size, eight.tobytes())
    if turned := opened.getexif().get(ORIENTATION):
        exif = Image.Exif()
        exif[ORIENTATION] = turned
        info["exif"] = exif.tobytes()
    made.info = info
    return made, highest


def _too_large() -> str:
    from PIL import Image

    most = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
    return f"it has more than {most} megapixels: --pixels huge has it read"


def _fitted(image: "Image.Image", size: Size | None) -> "Image.Image":
    """Scaled to cover (height, width), and cropped around its centre."""
    from PIL import Image, ImageOps

    if size is None:
        return image
    height, width = size
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _is_smaller(image: "Image.Image", size: Size | None) -> bool:
    """Whether an image is enlarged to cover (height, width)."""
    return size is not None and (image.height < size[0] or image.width < size[1])


def _half(image: "Image.Image", half: Half) -> "Image.Image":
    if not half:
        return image
    if image.width % 2:
        raise ValueError("its width is odd, which two images of one width do not have")
    middle = image.width // 2
    left = 0 if half == "left" else middle
    return image.crop((left, 0, left + middle, image.height))


def _eight_bit(image: "Image.Image", wanted: Pixels) -> tuple["Image.Image", int]:
    """An image whose pixels are wider than 8 bits, scaled and not clipped; and its greatest."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers of unknown range")
    if not image.mode.startswith("I"):
        return image, 0
    words, highest = whole_range(np.asarray(image), wanted)
    return Image.fromarray(eight_bits(words)), highest


def eight_bits(words: np.ndarray) -> np.ndarray:
    """Pixels from 0 to 65535 as uint8."""
    return ((words.astype(np.int64) + 128) // 257).astype(np.uint8)


def whole_range(words: np.ndarray, wanted: Pixels) -> tuple[np.ndarray, int]:
    """Pixels from 0 to 65535, as int64 of the same shape, and the greatest of the file."""
    pixels = words.astype(np.int64)
    highest = int(pixels.max())
    if pixels.min() < 0 or highest > 65535:
        raise ValueError("its pixels do not fit into 16 bits")
    if highest > wanted.white:
        raise ValueError(f"its pixels go up to {highest}, and {wanted.bits} bits to {wanted.white}")
    if wanted.bits < MOST_BITS:
        pixels = (pixels * 65535 + wanted.white // 2) // wanted.white
    return pixels, highest


def _on_white(image: "Image.Image") -> tuple["Image.Image", bool]:
    """The image without opacity, and whether white shows through it."""
    from PIL import Image

    if not image.has_transparency_data:
        return image, False
    image = image.convert("RGBA")
    least = image.getchannel("A").getextrema()[0]
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image), least != 255
