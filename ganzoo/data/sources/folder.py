"""Images in a folder: ``--dataset folder --data-root DIR [--image-size HxW] [--pixels WORDS]``.

Any image below DIR is taken, whatever its size and mode, as its content says and not its suffix.
Every image is turned upright, brought from its colour profile to sRGB, scaled to cover the wanted
size and cropped around its centre; transparency is laid on white; of several pages or frames it is
the first. The images have one channel if all of them are grayscale, else three; they have 16 bits
if all of them are grayscale of 16 bits, else 8; ``--pixels`` (see `ganzoo.data.files.wanted`)
decides otherwise. Left out are files and folders whose names start with a dot, and folders that
ganzoo wrote: its runs, its cache, and those with a file ``.ganzoo`` in them.

Labels: as a ``dataset.json`` of StyleGAN's in DIR says; else, where images lie in two or more
first-level sub-folders and none directly in DIR, the sub-folders are the classes, in the order of
their names; else as the CSV files in DIR say, with a column of files and one called ``label``. Of
several columns that could be of files it is the one called ``file``, ``image``, ``path`` or alike.
Such tables may lie in the folders of splits (below) too, or be called after them.

Splits: sub-folders ``train`` and ``test``, or ``train`` and ``val``, in any case, are the splits
(and each of them is a DIR in the sense above); one of them alone is all there is. Otherwise every
tenth image, in the order of classes and names, is held out as the test split, but for the only
image of a class. Test images of a class that has none to train on are left out.

DIR may be a zip of such a folder.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.found import BY_NAME, existing, list_images, no_images
from ganzoo.data.files.labels import Labels, class_names, labels_of
from ganzoo.data.files.splits import Split, by_folders, held_out
from ganzoo.data.sources.decoding import decode
from ganzoo.errors import GanzooError, counted

DEFAULT_SIZE = (64, 64)


def load(request: DataRequest) -> Dataset:
    """The images in a folder, as the module's documentation describes.

    Raises:
        GanzooError: there is no such folder, or no image in it that can be read.
    """
    root = existing(request.root, "folder", "a folder of images")
    splits, labels = _splits(root, request)
    files, others = splits[request.split], splits["test" if request.split == "train" else "train"]
    if not files and others:
        raise GanzooError(
            f"the folder '{root}' has no image for the {request.split} split: give it sub-folders "
            "'train' and 'test' with images, or ten images of which one is held out"
        )
    if not files:
        raise no_images(root)
    size = chosen_size(request)
    images, kept = decode(root, files, size, request.report, others, wanted=request.reading)
    taught = splits["train"] if request.rules > BY_NAME else files + others
    classes = class_names(labels, taught, request.rules)
    return Dataset.images(
        request.folder_name, images, _numbers(root, files, kept, labels, classes, request), classes
    )


def chosen_size(request: DataRequest) -> tuple[int, int]:
    """The (height, width) that the images get; the user is told of one that nobody chose."""
    if request.image_size is None:
        request.report("images are scaled to 64x64: --image-size chooses another size")
    return request.image_size or DEFAULT_SIZE


def _splits(root: Path, request: DataRequest) -> tuple[dict[str, list[str]], Labels]:
    """The files of each split, and their classes."""
    report, rules = request.report, request.rules
    files = list_images(root, report, rules)
    split = by_folders(root, files, report, "image", rules)
    if split is None:
        split = Split({"train": files, "test": []}, 0)
    files = split.files["train"] + split.files["test"]
    labels = labels_of(root, files, split.depth, report, rules)
    splits = {
        name: [file for file in part if file in labels] if labels else part
        for name, part in split.files.items()
    }
    if not splits["test"] and (rules > BY_NAME or not split.depth):
        files = splits["train"]
        classes = [labels[file] for file in files] if labels else []
        train, test = held_out(root, files, report, "image", classes, rules)
        return {"train": train, "test": test}, labels
    if labels and rules > BY_NAME:
        learned = {labels[file] for file in splits["train"]}
        never = [file for file in splits["test"] if labels[file] not in learned]
        if never:
            report(
                f"left out: {counted(len(never), 'test image')} of '{root}' of classes without one "
                f"to train on, such as '{never[0]}'"
            )
        splits["test"] = [file for file in splits["test"] if labels[file] in learned]
    return splits, labels


def _numbers(
    root: Path,
    files: Sequence[str],
    kept: Tensor,
    labels: Labels,
    classes: Sequence[str],
    request: DataRequest,
) -> Tensor | None:
    """The label of each image that could be read."""
    if not classes:
        return None
    number = {name: label for label, name in enumerate(classes)}
    found = torch.tensor([number[labels[file]] for file in files])[kept]
    there = {*found.tolist()}
    lost = [name for name, label in number.items() if label not in there]
    if lost and request.split == "train":
        request.report(
            f"nothing can be learned of {counted(len(lost), 'class')} of '{root}', as no image of "
            f"these can be read: {', '.join(lost[:5])}"
        )
    return found
