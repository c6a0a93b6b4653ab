"""Samples that any program made: a folder of images, or an ``.npz``."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganzoo.data import sample_files
from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.arrays import read_arrays
from ganzoo.data.files.found import list_images
from ganzoo.data.files.opened import eight_bits, is_coloured, limited, look, mode_of
from ganzoo.data.files.seen import nothing_seen, report_seen, see
from ganzoo.data.files.wanted import AS_THEY_ARE, CHANNELS, Pixels
from ganzoo.errors import GanzooError, UnknownError
from ganzoo.plugins import catalog


class Samples(NamedTuple):
    """What was read."""

    samples: Tensor
    """As a file has them: images uint8 (n, channels, height, width), points float32 (n, d)."""
    labels: Tensor | None
    """int64 (n,), where the file has labels."""


def read_samples_of(
    dataset: str,
    path: Path,
    root: Path | None,
    pixels: Pixels = AS_THEY_ARE,
    report: Callable[[str], None] = lambda message: None,
) -> Samples:
    """Samples that should be like a data set: images and points from anywhere, others as written.

    Args:
        dataset: as ``--dataset`` names it.
        path: of images or points as `read_samples` takes them; of other kinds a folder or an
            ``.npz`` as ``ganzoo sample`` writes it.
        root: where the data are.
        pixels: how image files are read.
        report: is told of what is left out of a folder.

    Raises:
        GanzooError: there is no such data set, or the samples cannot be read as its kind.
    """
    try:
        field = catalog.described(dataset).sample
    except UnknownError:
        raise
    except GanzooError:  # its files decide
        field = catalog.load(dataset, DataRequest(root, "test", pixels=pixels)).spec.sample
    if field.kind in ("image", "point"):
        return read_samples(path, pixels, report)
    return Samples(sample_files.read_samples(field, path), None)


def read_samples(
    path: Path,
    pixels: Pixels = AS_THEY_ARE,
    report: Callable[[str], None] = lambda message: None,
) -> Samples:
    """Read images or points.

    Args:
        path: a folder of image files of one size; or an ``.npz`` as ``ganzoo sample`` writes it,
            with `images`, uint8 or uint16 (n, height, width) or (n, height, width, channels), or
            `points`, (n, dimensions), and perhaps `labels`, (n,).
        pixels: how image files are read.
        report: is told of what is left out of a folder.

    Raises:
        GanzooError: it is neither, or cannot be read.
    """
    if path.is_dir():
        return Samples(_read_folder(path, pixels, report), None)
    try:
        found = read_arrays(path)
    except OSError as error:
        reason = error.strerror or "it is not an .npz"
        raise GanzooError(f"--samples {path} cannot be read: {reason}") from error
    except ValueError as error:
        raise GanzooError(
            f"--samples {path} is neither a folder of images nor an .npz of plain arrays"
        ) from error
    labels = found.get("labels")
    if "points" in found:
        points = found["points"]
        if points.ndim != 2 or points.dtype.kind not in "fiu":
            raise GanzooError(
                f"--samples {path}: `points` must be numbers (n, dimensions), and are "
                f"{points.dtype} {points.shape}"
            )
        if not np.isfinite(points).all():
            raise GanzooError(
                f"--samples {path}: some of the `points` are not finite: leave them out"
            )
        samples = torch.from_numpy(points).float()
    else:
        samples = _check_images(path, found)
    if not len(samples):
        raise GanzooError(f"--samples {path} holds no samples")
    if labels is not None and (labels.shape != (len(samples),) or labels.dtype.kind not in "iu"):
        raise GanzooError(f"--samples {path}: `labels` must be one integer for each sample")
    return Samples(samples, None if labels is None else torch.from_numpy(labels.astype("int64")))


def _check_images(path: Path, found: dict[str, np.ndarray]) -> Tensor:
    if "images" not in found:
        names = ", ".join(found) or "nothing"
        raise GanzooError(f"--samples {path} must hold `images` or `points`, and holds {names}")
    images = found["images"]
    if images.ndim == 3:
        images = images[..., None]
    if images.dtype == np.uint16:
        images = eight_bits(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3, 4):
        raise GanzooError(
            f"--samples {path}: `images` must be uint8 or uint16 (n, height, width, 1, 3 or 4 "
            f"channels), and are {images.dtype} {images.shape}"
        )
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def _read_folder(folder: Path, wanted: Pixels, report: Callable[[str], None]) -> Tensor:
    """The images in a folder, at their own size, as those that one trains on are read."""
    files = [folder / name for name in list_images(folder, report)]
    if not files:
        raise GanzooError(f"--samples {folder} holds no image files")
    images: list[np.ndarray] = []
    seen = nothing_seen()
    with limited(wanted):
        coloured = any(
            mode and is_coloured(mode) for mode in (mode_of(file, wanted) for file in files)
        )
        channels = CHANNELS.get(wanted.colour) or (3 if coloured else 1)
        for file in files:
            found = look(file, channels, None, wanted=wanted)
            if isinstance(found, str):
                raise GanzooError(f"'{file}' cannot be read as an image: {found}")
            see(seen, found)
            image = found.pixels
            if images and image.shape != images[0].shape:
                raise GanzooError(
                    f"'{file}' is {_shape(image)}, and the images before it are "
                    f"{_shape(images[0])}: samples must have one size"
                )
            images.append(image)
    report_seen(f"in '{folder}'", seen, wanted, report)
    return torch.from_numpy(np.stack(images))


def _shape(image: np.ndarray) -> str:
    """(height) x (width), in words."""
    return "x".join(map(str, image.shape[1:]))
