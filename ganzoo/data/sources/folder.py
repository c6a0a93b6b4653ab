"""Images in a folder: ``--dataset folder --data-root DIR [--image-size HxW]``.

Any image below DIR is taken, whatever its size and mode. Every image is turned upright, scaled to
cover the wanted size and cropped around its centre; transparency is laid on white; an animation is
its first frame. The images have one channel if all of them are grayscale, else three. Files and
folders whose names start with a dot are left out.

Labels: where images lie in two or more first-level sub-folders and none directly in DIR, the
sub-folders are the classes, in the order of their names.

Splits: a DIR with the two sub-folders ``train`` and ``test`` is split as they say (and each of
them is a DIR in the sense above). Otherwise every tenth image, in the order of names, is held out
as the test split.
"""

import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources import cache
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from PIL import Image

T = TypeVar("T")
R = TypeVar("R")
Half = Literal["", "left", "right"]

DEFAULT_SIZE = (64, 64)

_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What Pillow may find in such a file: not all that it knows, as some run other programs."""
_ORIENTATION = 0x0112
_QUARTER_TURNED = 5  # and all above: values of that tag of EXIF


def load(request: DataRequest) -> Dataset:
    """The images in a folder, as the module's documentation describes.

    Raises:
        GanzooError: there is no such folder, or no image in it that can be read.
    """
    root = existing(request.root, "folder", "a folder of images")
    splits, depth = _splits(root, request.report)
    files, others = splits[request.split], splits["test" if request.split == "train" else "train"]
    if not files and others:
        raise GanzooError(
            f"the folder '{root}' has no image for the {request.split} split: give it sub-folders "
            "'train' and 'test' with images, or ten images of which one is held out"
        )
    if not files:
        raise no_images(root)
    images, kept = decode(root, files, chosen_size(request), request.report, others)
    labels = None
    classes = _classes(files + others, depth)
    if classes:
        number = {name: label for label, name in enumerate(classes)}
        labels = torch.tensor([number[file.split("/")[depth]] for file in files])[kept]
    return Dataset.images(root.resolve().name, images, labels, classes)


def existing(root: Path | None, dataset: str, needed: str) -> Path:
    """The folder that ``--data-root`` names.

    Args:
        root: what was named.
        dataset: by which set, for the error message.
        needed: what it must be, such as ``"a folder of images"``.

    Raises:
        GanzooError: none is named, or it is no folder.
    """
    if root is None:
        raise GanzooError(f"--dataset {dataset} needs --data-root DIR, {needed}")
    root = root.expanduser()
    if not root.exists():
        raise GanzooError(f"there is no folder '{root}': --data-root must name {needed}")
    if not root.is_dir():
        raise GanzooError(f"'{root}' is not a folder: --data-root must name {needed}")
    return root


def chosen_size(request: DataRequest) -> tuple[int, int]:
    """The (height, width) that the images get; the user is told of one that nobody chose."""
    if request.image_size is None:
        request.report("images are scaled to 64x64: --image-size chooses another size")
    return request.image_size or DEFAULT_SIZE


def no_images(folder: Path) -> GanzooError:
    """The error for a folder without images."""
    return GanzooError(
        f"the folder '{folder}' holds no images: it must hold {', '.join(_SUFFIXES)} files"
    )


def held_out(
    where: Path, samples: Sequence[T], report: Callable[[str], None], what: str = "image"
) -> tuple[list[T], list[T]]:
    """Samples without every tenth, and every tenth, for a test split.

    Args:
        where: they come from, for the user.
        samples: in an order that stays, such as that of their names.
        report: is told of it.
        what: one of them is, for the user.
    """
    train, test = [one for i, one in enumerate(samples) if i % 10 != 9], list(samples[9::10])
    if test:
        report(
            f"every tenth {what} of '{where}' is the test split: {len(train)} to train on, "
            f"{len(test)} to test"
        )
    return train, test


def list_images(folder: Path, report: Callable[[str], None]) -> list[str]:
    """The image files below `folder` by their names: sorted paths, relative to it, with slashes."""
    found = []
    seen = set()
    for where, folders, files in os.walk(
        folder,
        followlinks=True,
        onerror=lambda error: report(f"skipped '{error.filename}': {error.strerror}"),
    ):
        real = os.path.realpath(where)
        if real in seen:  # by another link, perhaps from below itself
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(where, name).relative_to(folder).as_posix()
            for name in files
            if name.lower().endswith(_SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found)


def decode(
    folder: Path,
    files: Sequence[str],
    image_size: tuple[int, int],
    report: Callable[[str], None],
    others: Sequence[str] = (),
    half: Half = "",
    before: Callable[[], None] = lambda: None,
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

    Returns:
        The images, uint8 (n, channels, height, width), and which files they come from,
        bool (files,).

    Raises:
        GanzooError: no file can be read, or the cache cannot be written.
    """
    path = cache.cache_path(folder, files, others, image_size, half or "images")
    stored = cache.read(path)
    if stored is None:
        before()
        _fill_cache(path, folder, files, others, image_size, report, half)
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


def _splits(root: Path, report: Callable[[str], None]) -> tuple[dict[str, list[str]], int]:
    """The files of each split, and how many folders below `root` their own folder is."""
    names = ("train", "test")
    if all((root / name).is_dir() for name in names):
        found = {name: list_images(root / name, report) for name in names}
        return {name: [f"{name}/{file}" for file in found[name]] for name in names}, 1
    train, test = held_out(root, list_images(root, report), report)
    return {"train": train, "test": test}, 0


def _classes(files: Sequence[str], depth: int) -> tuple[str, ...]:
    """The names of the sub-folders `depth` folders down, where they are labels."""
    names = tuple(sorted({file.split("/")[depth] for file in files}))
    labelled = len(names) > 1 and all(file.count("/") > depth for file in files)
    return names if labelled else ()


def _fill_cache(
    path: Path,
    folder: Path,
    files: Sequence[str],
    others: Sequence[str],
    image_size: tuple[int, int],
    report: Callable[[str], None],
    half: Half,
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
        channels = 3 if any(_in_order(pool, _is_coloured, every)) else 1

        def images() -> Iterator[np.ndarray | None]:
            decoded = _in_order(
                pool, partial(read_image, channels=channels, size=image_size, half=half), paths
            )
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
        cache.write(path, (channels, *image_size), shown)


def _in_order(pool: Executor, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Like `pool.map`, but only a little ahead of its reader, so that memory stays bounded."""
    pending: deque[Future[R]] = deque()
    for item in items:
        pending.append(pool.submit(function, item))
        if len(pending) >= 128:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _is_coloured(path: Path) -> bool:
    """Whether the header says so; a palette counts as coloured."""
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as image:
            return image.mode not in ("1", "L", "LA", "La", "F") and image.mode[0] != "I"
    except Exception:  # decoding it will say why
        return False


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
    from PIL import Image, ImageOps, UnidentifiedImageError

    height, width = size
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            upright = _eight_bit(_half(ImageOps.exif_transpose(opened), half))
        flat = _on_white(upright).convert("L" if channels == 1 else "RGB")
        pixels = np.asarray(ImageOps.fit(flat, (width, height), Image.Resampling.LANCZOS))
    except UnidentifiedImageError:
        return "it is not an image"
    except Exception as error:  # whatever a decoder makes of a damaged file
        reason = error.strerror if isinstance(error, OSError) else None
        return reason or str(error) or type(error).__name__
    return pixels.reshape(height, width, channels).transpose(2, 0, 1)


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
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError("its pixels do not fit into 16 bits")
    return Image.fromarray(((pixels + 128) // 257).astype(np.uint8))


def _on_white(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
