"""Two folders of images: ``--dataset unpaired --data-root DIR``, as CycleGAN's data sets lie.

DIR holds ``trainA`` and ``trainB``, and perhaps ``testA`` and ``testB`` (or ``valA`` and ``valB``),
in any case; what counts as an image and how it is decoded is as in `folder`. Both domains have one
channel if all images are grayscale, else three.

Splits: of a domain without a test folder, every tenth image in the order of names is held out.
"""

from pathlib import Path

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.domains import in_one_shape
from ganzoo.data.files.found import BY_NAME, existing, list_images, no_images
from ganzoo.data.files.splits import find_folder, held_out
from ganzoo.data.sources.decoding import decode
from ganzoo.data.sources.folder import chosen_size
from ganzoo.errors import GanzooError


def load(request: DataRequest) -> Dataset:
    """Domains a and b, as the module's documentation describes.

    Raises:
        GanzooError: a folder is missing, or holds no image that can be read.
    """
    root = existing(request.root, "unpaired", "a folder with the sub-folders trainA and trainB")
    missing = [
        f"train{letter}" for letter in "AB" if not _spelled(root, letter, "train", request.rules)
    ]
    if missing:
        raise GanzooError(
            f"the folder '{root}' has no sub-folder {' and no '.join(missing)}: --dataset unpaired "
            "needs trainA and trainB, and takes testA and testB"
        )
    size = chosen_size(request)
    first, second = (_domain(root, letter, size, request) for letter in "AB")
    return in_one_shape(first, second, request.folder_name)


def _domain(root: Path, letter: str, size: tuple[int, int], request: DataRequest) -> Dataset:
    rules = request.rules
    train = test = root / _spelled(root, letter, "train", rules)
    files = list_images(train, request.report, rules)
    if not files:
        raise no_images(train)
    named = _spelled(root, letter, "test", rules)
    val = _spelled(root, letter, "val", rules) if rules > BY_NAME else ""
    if named or val:
        test = root / (named or val)
        splits = {"train": (train, files), "test": (test, list_images(test, request.report, rules))}
        if val:
            what = "left out" if named else "the test split, as there is no test"
            request.report(f"'{val}' of '{root}' is {what}")
    else:
        rest, held = held_out(train, files, request.report)
        splits = {"train": (train, rest), "test": (train, held)}
    folder, chosen = splits[request.split]
    if not chosen:
        raise GanzooError(
            f"the folder '{root}' has no image for the test split of domain {letter}: give it a "
            f"sub-folder test{letter} with images, or ten images in train{letter}"
        )
    where, rest = splits["test" if request.split == "train" else "train"]
    others = [str((where / file).absolute()) for file in rest]
    images, _ = decode(folder, chosen, size, request.report, others, wanted=request.reading)
    return Dataset.images(f"{request.folder_name}-{letter}", images)


def _spelled(root: Path, letter: str, role: str, rules: int) -> str:
    """The folder of a split of a domain, in any case; empty: there is none."""
    return find_folder(root, f"{{}}{letter}", role, rules)
