"""Pairs of aligned images: ``--dataset pairs --data-root DIR [--image-size HxW]``.

DIR holds either images of which each is two beside each other, the source on the left, the target
on the right (in DIR, or in ``train`` and ``test``); or ``A`` and ``B`` with the same names in them
(or in their own ``train`` and ``test``); or ``trainA`` and ``trainB``, and perhaps ``testA`` and
``testB``; or ``train/A``, ``train/B`` and so on. A name counts without its suffix. What counts as
an image and how it is decoded is as in `folder`; sources have one channel if all are grayscale,
else three, and so have targets.

Files that are evidently single images are refused: see `ganzoo.data.sources.halves`.

Splits: as the folders say, in any case, where ``val`` is the test split if there is no ``test``;
without them every tenth pair in the order of names is held out.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.found import BY_NAME, existing, list_images, no_images
from ganzoo.data.files.opened import Half
from ganzoo.data.files.spelling import respelled
from ganzoo.data.files.splits import NAMES, find_folder, held_out
from ganzoo.data.files.wanted import Pixels
from ganzoo.data.kinds.image import image_field
from ganzoo.data.sources.decoding import decode, upright_sizes
from ganzoo.data.sources.folder import chosen_size
from ganzoo.data.sources.halves import check_halves
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec

Pair = tuple[str, str]
"""Paths of the source and of the target, relative to DIR; the same where one file holds both."""

LAYOUTS = "two images beside each other in each file, or A and B (or trainA and trainB) of one name"

SINGLE = (
    f"pairs are {LAYOUTS}; --dataset folder trains on single images, and --dataset folder/edges or "
    "folder/colourise makes pairs of them"
)
"""What to do with a folder of single images."""

_DISTORTION = 0.03
"""By how much the ratio of height to width of a pair may differ: sizes are rounded."""


def load(request: DataRequest) -> Dataset:
    """Fields ``source`` and ``target``, as the module's documentation describes.

    Raises:
        GanzooError: no pair is found or can be read, or two images of a pair are of another form.
    """
    root = existing(request.root, "pairs", f"a folder with {LAYOUTS}")
    splits = _splits(root, request)
    chosen, rest = splits[request.split], splits["test" if request.split == "train" else "train"]
    if not chosen and not rest:
        raise no_images(root)
    if not chosen:
        raise GanzooError(
            f"the folder '{root}' has no pair for the {request.split} split: give it one, or ten "
            "pairs of which one is held out"
        )
    source, target = _decoded(root, chosen, rest, chosen_size(request), request)
    name = request.folder_name
    fields = image_field("source", source), image_field("target", target)
    return Dataset(DataSpec((fields,), name), {"source": source, "target": target})


def _splits(root: Path, request: DataRequest) -> dict[str, list[Pair]]:
    """The pairs of each split, in whichever layout the folders have."""
    rules = request.rules
    for source, target, whole in (
        ("A", "B", ""),
        ("{}A", "{}B", "train"),
        ("{}/A", "{}/B", "train"),
    ):
        first, second = (find_folder(root, path, whole, rules) for path in (source, target))
        if first and second:
            inside = not whole
            return _by_folder(
                root,
                f"{first}/{{}}" if inside else source,
                f"{second}/{{}}" if inside else target,
                whole,
                request,
            )
    return _by_folder(root, "{}", "{}", "", request)


def _by_folder(
    root: Path, source: str, target: str, whole: str, request: DataRequest
) -> dict[str, list[Pair]]:
    """The pairs of each split.

    Args:
        root: where the folders are.
        source: where the sources of a split are, with {} for its name.
        target: where its targets are.
        whole: the split that holds all where there is no other.
        request: is told what is left out.
    """
    report, rules = request.report, request.rules

    def pairs(role: str) -> list[Pair]:
        first, second = (find_folder(root, path, role, rules) for path in (source, target))
        return _pairs(root, first, second or target.format(role), report, rules)

    there = [role for role in NAMES if find_folder(root, source, role, rules)]
    test = next((role for role in there if role != "train"), "")
    if "train" not in there or not test:
        alone = there[0] if len(there) == 1 and rules > BY_NAME else whole
        found = (
            pairs(alone)
            if alone
            else _pairs(root, source.format(""), target.format(""), report, rules)
        )
        train, held = held_out(root, found, report, "pair")
        return {"train": train, "test": held}
    if "val" in there:
        val = find_folder(root, source, "val", rules)
        if test == "val":
            report(f"'{val}' of '{root}' is the test split, as there is no test")
        else:
            report(f"'{val}' of '{root}' is left out: train and test are the splits")
    return {split: pairs(role) for split, role in (("train", "train"), ("test", test))}


def _pairs(
    root: Path, source: str, target: str, report: Callable[[str], None], rules: int
) -> list[Pair]:
    """Files of two folders that have one name, sorted; of one folder, each with itself."""
    if source == target:
        return [(file, file) for file in _listed(root, source, report, rules)]
    if not (root / target).is_dir():
        raise GanzooError(
            f"the folder '{root}' has '{source}' and no '{target}': pairs need both, with the same "
            "names in them"
        )
    source, target = source.rstrip("/"), target.rstrip("/")
    sources, targets = (_by_name(root, folder, report, rules) for folder in (source, target))
    same = respelled(targets, sources)
    targets = {same.get(name, name): file for name, file in targets.items()}
    both = sorted(sources.keys() & targets.keys())
    for here, there, folder in ((sources, targets, target), (targets, sources, source)):
        alone = sorted(file for name, file in here.items() if name not in there)
        if alone and both:
            more = f" and {len(alone) - 1} more" if alone[1:] else ""
            report(f"left out, as '{folder}' has none of its name: '{alone[0]}'{more} of '{root}'")
    if not both and (sources or targets):
        raise GanzooError(
            f"no image in '{root / source}' has the name of one in '{root / target}': two images "
            "are a pair where they have the same name"
        )
    return [(sources[name], targets[name]) for name in both]


def _by_name(root: Path, folder: str, report: Callable[[str], None], rules: int) -> dict[str, str]:
    """The images by their path inside of `folder` without its suffix."""
    files = _listed(root, folder, report, rules)
    names = [PurePosixPath(file).relative_to(folder).with_suffix("").as_posix() for file in files]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise GanzooError(
            f"'{root / folder}' holds several images called '{twice[0]}' with other suffixes: "
            "leave one, as the name says which images are a pair"
        )
    return dict(zip(names, files, strict=True))


def _listed(root: Path, folder: str, report: Callable[[str], None], rules: int) -> list[str]:
    files = list_images(root / folder, report, rules)
    return [PurePosixPath(folder, file).as_posix() for file in files]


def _decoded(
    root: Path,
    pairs: Sequence[Pair],
    rest: Sequence[Pair],
    size: tuple[int, int],
    request: DataRequest,
) -> tuple[Tensor, Tensor]:
    """Sources and targets of the pairs of which both can be read."""
    beside = pairs[0][0] == pairs[0][1]
    halves: tuple[Half, Half] = ("left", "right") if beside else ("", "")

    def side(number: int, kept: Tensor) -> tuple[Tensor, Tensor]:
        files = [pair[number] for pair, keep in zip(pairs, kept.tolist(), strict=True) if keep]
        others = [pair[number] for pair in rest]
        check = partial(_check_forms, root, pairs, request.reading)
        images, read = decode(
            *(root, files, size, request.report, others, halves[number], check),
            wanted=request.reading,
        )
        both = kept.clone()
        both[kept] = read
        return images, both

    source, kept = side(0, torch.ones(len(pairs), dtype=torch.bool))
    target, both = side(1, kept)
    if int(both.sum()) < int(kept.sum()):  # once more, as both then are mapped and not copied
        source, _ = side(0, both)
    return source, target


def _check_forms(root: Path, pairs: Sequence[Pair], wanted: Pixels) -> None:
    """Refuse pairs that would be scaled and cropped apart, and what are none."""
    if pairs[0][0] == pairs[0][1]:
        check_halves(root, [file for file, _ in pairs], wanted, SINGLE)
        return
    sources, targets = (upright_sizes(root, [pair[number] for pair in pairs]) for number in (0, 1))
    for (source, target), one, other in zip(pairs, sources, targets, strict=True):
        if one is None or other is None:
            continue
        if abs(one[0] * other[1] / (one[1] * other[0]) - 1) > _DISTORTION:
            raise GanzooError(
                f"'{source}' of '{root}' is {one[0]}x{one[1]} and '{target}' {other[0]}x{other[1]} "
                "(height x width): the images of a pair must be of one form, or their pixels do "
                "not match"
            )
