"""Images in a folder: ``--dataset folder --data-root DIR [--image-size HxW]``.

Any image below DIR is taken, whatever its size and mode. Every image is turned upright, scaled to
cover the wanted size and cropped around its centre; transparency is laid on white; an animation is
its first frame. The images have one channel if all of them are grayscale, else three; they have 16
bits if all of them are grayscale of 16 bits, else 8. Files and folders whose names start with a dot
are left out.

Labels: where images lie in two or more first-level sub-folders and none directly in DIR, the
sub-folders are the classes, in the order of their names.

Splits: a DIR with the two sub-folders ``train`` and ``test`` is split as they say (and each of
them is a DIR in the sense above). Otherwise every tenth image, in the order of names, is held out
as the test split.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.sources.decoding import decode
from ganzoo.errors import GanzooError

T = TypeVar("T")

DEFAULT_SIZE = (64, 64)

_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)


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
