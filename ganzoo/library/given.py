"""Images that a program hands over: files, a folder, pictures, arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.places import expanded
from ganzoo.data.files.formats import open_image
from ganzoo.errors import GanzooError
from ganzoo.library.asked import listener
from ganzoo.library.images import find_images
from ganzoo.library.samples import Samples

if TYPE_CHECKING:
    from PIL.Image import Image

Given = Any
"""A path of an image or of a folder, a picture of Pillow's, an array of uint8 (height, width),
(height, width, channels) or (n, height, width, channels), or a sequence of any of these."""


@contextmanager
def as_files(given: Given, report: Callable[[str], None]) -> Iterator[tuple[Path, list[str]]]:
    """A folder and the names of images in it, as `ganzoo.library.images` takes them.

    Args:
        given: what is handed over.
        report: is told of what is left out of a folder.

    Raises:
        GanzooError: it is no image.
    """
    from PIL import ImageOps

    listener(report)
    if isinstance(given, str | Path):
        yield find_images(expanded(given), report, "image")
        return
    if isinstance(given, Sequence) and all(isinstance(one, str | Path) for one in given):
        yield Path(), [str(one) for one in given]
        return
    with TemporaryDirectory() as folder:
        pictures = [*_pictures(given)]
        if not pictures:
            raise GanzooError("there are no images among what was given")
        names = [f"{number:05d}.png" for number in range(len(pictures))]
        for picture, name in zip(pictures, names, strict=True):
            try:
                upright = ImageOps.exif_transpose(picture)  # the new file says nothing of it
                upright.save(Path(folder) / name)
            except (OSError, ValueError) as error:
                raise GanzooError(
                    f"a picture of mode {picture.mode} and {picture.width}x{picture.height} pixels "
                    f"cannot be handed over ({error}): convert it to L or RGB"
                ) from error
        yield Path(folder), names


def _pictures(given: Given) -> Iterator[Image]:
    import numpy as np
    from PIL import Image

    if isinstance(given, Image.Image):
        yield given
        return
    if isinstance(given, Sequence) and not isinstance(given, Samples):
        for one in given:
            if isinstance(one, str | Path):
                yield _opened(Path(one))
            else:
                yield from _pictures(one)
        return
    array = np.asarray(given)
    several = array.ndim == 4
    for one in array if several else [array]:
        channels = one.shape[2] if one.ndim == 3 else 1
        if one.dtype != np.uint8 or one.ndim not in (2, 3) or channels not in range(1, 5):
            raise GanzooError(
                f"an array of images must be uint8 (n, height, width, channels), and this is "
                f"{array.dtype} {array.shape}"
            )
        yield Image.fromarray(one[:, :, 0] if one.ndim == 3 and channels == 1 else one)


def _opened(path: Path) -> Image:
    """A picture in a file: of those formats alone for which Pillow runs no other program."""
    try:
        with open_image(path) as picture:
            picture.load()
    except Exception as error:  # whatever a decoder makes of a damaged file
        raise GanzooError(f"'{path}' cannot be read as an image: {error}") from error
    return picture
