"""Images that a program hands over: files, a folder, pictures, arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.places import expanded
from ganzoo.errors import GanzooError
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
            picture.save(Path(folder) / name)
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
                yield Image.open(one)
            else:
                yield from _pictures(one)
        return
    array = np.asarray(given)
    several = array.ndim == 4
    for one in array if several else [array]:
        if one.dtype != np.uint8 or one.ndim not in (2, 3):
            raise GanzooError(
                f"an array of images must be uint8 (n, height, width, channels), and this is "
                f"{array.dtype} {array.shape}"
            )
        yield Image.fromarray(one[:, :, 0] if one.ndim == 3 and one.shape[2] == 1 else one)
