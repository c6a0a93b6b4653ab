"""What is missing from images: masks that the user gives beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from torch import Tensor

from ganzoo.data.files.exact import look_exactly
from ganzoo.data.files.formats import OTHERS
from ganzoo.data.files.opened import Look, upright_size
from ganzoo.errors import GanzooError
from ganzoo.library.writing import bare


@dataclass(frozen=True)
class Masks:
    """One mask for all images, or a folder of masks of the same names."""

    source: Path
    """Of files in which what is missing is white."""

    def __post_init__(self) -> None:
        if not self.source.exists():
            raise GanzooError(
                f"there is no '{self.source}': --mask must name an image in which what is missing "
                "is white, or a folder of them with the names of the images"
            )

    def beside(
        self, image: Look, folder: Path, name: str, size: tuple[int, int] | None
    ) -> Look | str:
        """An image with its mask as one more channel, or why there is none.

        Args:
            image: as it was read.
            folder: in which it is.
            name: of its file there.
            size: (height, width) to which it was scaled and cropped, as its mask then is; None: it
                has its own.
        """
        path = self._of(name)
        if isinstance(path, str):
            return path
        found = look_exactly(path, 1)
        if isinstance(found, str):
            return f"its mask '{path}' cannot be read: {found}"
        if found.whitened:
            return (
                f"its mask '{path}' is transparent in places, which are neither white nor black: "
                "save it without transparency"
            )
        if found.pages:
            return f"its mask '{path}' is several images: save the one that is meant by itself"
        own = upright_size(folder / name) or image.pixels.shape[1:]
        if found.pixels.shape[1:] != own:
            sides = ("x".join(map(str, shape)) for shape in (found.pixels.shape[1:], own))
            return "its mask '{}' has {} pixels, and it has {}".format(path, *sides)
        missing = found.pixels > (0 if found.pixels.dtype == np.int16 else 127)
        if size is not None:
            missing = _fitted(missing[0], size)[None]
        if not missing.any():
            return f"nothing is missing from it: no pixel of its mask '{path}' is white"
        limits = np.iinfo(image.pixels.dtype)
        plane = np.where(missing, limits.max, limits.min).astype(image.pixels.dtype)
        return image._replace(pixels=np.concatenate((image.pixels, plane)))

    def missing(self, given: Tensor) -> Tensor:
        """Which pixels are, (n, 1, height, width), of images with their masks."""
        return given[:, -1:] > (0 if given.is_signed() else 127)

    def _of(self, name: str) -> Path | str:
        """The file of the mask of an image of that name, or why there is none."""
        if not self.source.is_dir():
            return self.source
        stem = PurePosixPath(bare(name))
        folder = self.source.joinpath(stem.parent)
        if (same := folder / PurePosixPath(name).name).is_file():
            return same
        every = sorted(folder.glob(f"{_literal(stem.name)}.*"))
        found = [path for path in every if path.suffix.lower() not in OTHERS]
        if not found:
            return f"'{self.source}' holds no mask of its name"
        if found[1:]:
            return f"it has several masks, '{found[0]}' and '{found[1]}': leave one of them there"
        return found[0]


def _literal(name: str) -> str:
    """A pattern that this name alone matches."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _fitted(missing: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask (height, width) scaled and cropped as its image is; missing is what any part is of."""
    from PIL import Image, ImageOps

    height, width = size
    image = Image.fromarray(np.where(missing, 255, 0).astype(np.uint8))
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.BOX)
    return np.asarray(fitted) > 0
