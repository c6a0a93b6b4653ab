"""Images decoded: every mode as the eye sees it, once, and from then on mapped from the cache."""

import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from torch import Tensor

from ganzoo.artifacts.pixels import OFFSET
from ganzoo.data.sources import cache
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from PIL import Image

T = TypeVar("T")
R = TypeVar("R")
Half = Literal["", "left", "right"]

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What Pillow may find in such a file: not all that it knows, as some run other programs."""
_ORIENTATION = 0x0112
_QUARTER_TURNED = 5  # and all above: values of that tag of EXIF


def decode(
    folder: Path,
    files: Sequence[str],
    image_size: tuple[int, int],
    report: Callable[[str], None],
    others: Sequence[str] = (),
    half: Half = "",
    before: Callable[[], None] = lambda: None,
    most_bits: Literal[8, 16] = 16,
) -> tuple[Tensor, Tensor]:
    """The images in these files, decoded once and from then on mapped from the cache.

    Args:
        folder: where the files are.
        files: their paths, relative to `folder`.
        image_size: (height, width).
        report: is told of each file that is skipped because it cannot be read, and how many.
        others: the files of the other split, which has as many channels; relative or absolute.
        half: of each file, where it holds two images beside each other; empty: all of it.
        before: is called before files are decoded that the cache has not.
        most_bits: of a pixel; 16 are kept where all files are grayscale and have them.

    Returns:
        The images, uint8 (n, channels, height, width), or int16 as `ganzoo.data.kinds.image` stores
        16 bits, and which files they come from, bool (files,).

    Raises:
        GanzooError: no file can be read, or the cache cannot be written.
    """
    content = (half or "images") + ("-of-bytes" if most_bits == 8 else "")
    path = cache.cache_path(folder, files, others, image_size, content)
    stored = cache.read(path)
    if stored is None:
        before()
        _fill_cache(path, folder, files, others, image_size, report, half, most_bits)
        stored = cache.read(path)
    if stored is None:
        raise GanzooError(f"the image cache '{path}' cannot be read back: check its disk")
    images, kept = stored
    if len(images) < len(files):
        report(f"{len(files) - len(images)} of {len(files)} files in '{folder}' were skipped")
    return images, kept


def upright_sizes(folder: Path, files: Sequence[str]) -> list[tuple[int, int] | None]:
    """The (height, width) of each file as its header says; None: it cannot be read."""
    with ThreadPoolExecutor() as pool:
        return [*_in_order(pool, _upright_size, (folder / file for file in files))]


def _fill_cache(
    path: Path,
    folder: Path,
    files: Sequence[str],
    others: Sequence[str],
    image_size: tuple[int, int],
    report: Callable[[str], None],
    half: Half,
    most_bits: int,
) -> None:
    from rich.console import Console
    from rich.progress import Progress

    # Threads, as Pillow releases the interpreter lock while it decodes and scales.
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor() as pool,
        Progress(
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
        ) as progress,
    ):
        warnings.simplefilter("ignore")  # Pillow's, about images that it reads all the same
        paths = [folder / file for file in files]
        every = (*paths, *(folder / file for file in others))
        modes = [mode for mode in _in_order(pool, _mode, every) if mode]
        channels = 3 if any(map(_is_coloured, modes)) else 1
        words = most_bits == 16 and {mode[0] for mode in modes} == {"I"}
        read = read_words if words else partial(read_image, channels=channels)

        def images() -> Iterator[np.ndarray | None]:
            decoded = _in_order(pool, partial(read, size=image_size, half=half), paths)
            count = 0
            for file, image in zip(paths, decoded, strict=True):
                if isinstance(image, str):
                    report(f"skipped '{file}': {image}")
                    yield None
                else:
                    count += 1
                    yield image
            if not count:
                raise GanzooError(f"none of the {len(files)} files in '{folder}' can be read")

        shown = progress.track(images(), total=len(files), description="decoding images")
        cache.write(path, (channels, *image_size), shown, words)


def _in_order(pool: Executor, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Like `pool.map`, but only a little ahead of its reader, so that memory stays bounded."""
    pending: deque[Future[R]] = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= 128:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _mode(path: Path) -> str:
    """Pillow's name for what the pixels are, as the header says; empty: it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as image:
            return image.mode
    except Exception:  # decoding it will say why
        return ""


def _is_coloured(mode: str) -> bool:
    """Whether pixels are in colour; a palette counts as coloured."""
    return mode not in ("1", "L", "LA", "La", "F") and mode[0] != "I"


def _upright_size(path: Path) -> tuple[int, int] | None:
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as image:
            turned = image.getexif().get(_ORIENTATION, 1) >= _QUARTER_TURNED
            return (image.width, image.height) if turned else (image.height, image.width)
    except Exception:  # decoding it will say why
        return None


def read_image(
    path: Path, channels: int, size: tuple[int, int], half: Half = ""
) -> np.ndarray | str:
    """The image, or half of it, as uint8 (channels, height, width), or why it cannot be read."""

    def pixels(upright: "Image.Image") -> np.ndarray:
        flat = _on_white(_eight_bit(upright)).convert("L" if channels == 1 else "RGB")
        return np.asarray(_fitted(flat, size)).reshape(*size, channels).transpose(2, 0, 1)

    return _read(path, half, pixels)


def read_words(path: Path, size: tuple[int, int], half: Half = "") -> np.ndarray | str:
    """A grayscale image of 16 bits, as int16 (1, height, width), or why it cannot be read."""

    def pixels(upright: "Image.Image") -> np.ndarray:
        from PIL import Image

        exact = Image.fromarray(_sixteen_bit(upright).astype(np.float32))
        words = np.asarray(_fitted(exact, size)).round().clip(0, 65535).astype(np.int32)
        return (words - OFFSET).astype(np.int16)[None]

    return _read(path, half, pixels)


def _read(
    path: Path, half: Half, pixels: Callable[["Image.Image"], np.ndarray]
) -> np.ndarray | str:
    """What is made of the pixels of a file, turned upright, or why it cannot be read."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path, formats=_FORMATS) as opened:
            return pixels(_half(ImageOps.exif_transpose(opened), half))
    except UnidentifiedImageError:
        return "it is not an image"
    except Exception as error:  # whatever a decoder makes of a damaged file
        reason = error.strerror if isinstance(error, OSError) else None
        return reason or str(error) or type(error).__name__


def _fitted(image: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """Scaled to cover (height, width), and cropped around its centre."""
    from PIL import Image, ImageOps

    height, width = size
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _half(image: "Image.Image", half: Half) -> "Image.Image":
    if not half:
        return image
    if image.width % 2:
        raise ValueError(f"it is {image.width} pixels wide, which are no two images of one width")
    middle = image.width // 2
    left = 0 if half == "left" else middle
    return image.crop((left, 0, left + middle, image.height))


def _eight_bit(image: "Image.Image") -> "Image.Image":
    """An image whose pixels are wider than 8 bits, scaled and not clipped."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers of unknown range")
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray(((_sixteen_bit(image) + 128) // 257).astype(np.uint8))


def _sixteen_bit(image: "Image.Image") -> np.ndarray:
    """Pixels from 0 to 65535, as int64 (height, width)."""
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError("its pixels do not fit into 16 bits")
    return pixels


def _on_white(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
