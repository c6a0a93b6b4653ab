"""What ``--dataset`` names: one data set, two of them, ``A+B``, or one as pairs, ``A/TASK``.

Two are unpaired domains, and a task makes pairs of images on the spot: see `ganzoo.data.tasks`. Of
two sets, the second is brought to the size of the first, and a grayscale one to the channels of
a coloured one. ``--data-root`` is told to those of them that read files.
"""

import errno
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ganzoo.data.asked import ask
from ganzoo.data.content import digest
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.domains import in_one_shape
from ganzoo.data.files.wanted import AS_THEY_ARE
from ganzoo.data.kinds import sample_kind
from ganzoo.data.needs import first_suitable, in_words
from ganzoo.data.tasks import as_pairs, find_task, pairs_of
from ganzoo.errors import GanzooError, UnknownError, typed
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import FILES, MADE, DatasetSpec, DataSpec, VariantSpec

_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP})
"""What the system says of files that are not for this user, or for nobody."""
_LONG = 300
"""Characters of a path that are shown."""


def load(name: str, request: DataRequest) -> Dataset:
    """The data set that the user calls `name`.

    Args:
        name: as ``--dataset`` takes it: ``"mnist"``, ``"glyphs+ink"``, ``"distribution:name"``.
        request: for it, or for both of them.

    Returns:
        It, or both as two domains, or pairs made of it; each keeps its own labels.

    Raises:
        GanzooError: there is none of that name, it cannot be loaded, or two cannot be a pair.
    """
    found = _find(name)
    whole, slash, task = name.partition("/")
    if slash:
        find_task(task)
        return as_pairs(load(whole, request), task)
    if request.pixels != AS_THEY_ARE and all(row.spec.source != FILES for row in found):
        raise GanzooError(f"'{name}' reads no image files of yours: leave out --pixels")
    if len(found) == 1:
        return _load(found[0], request)
    reads = [row.spec.source != MADE for row in found]
    requests = [
        request if reading or not any(reads) else replace(request, root=None) for reading in reads
    ]
    first = _load(found[0], requests[0])
    _check_domain(found[0], first.spec)
    height, width = first.spec.shape[1:]
    second = _load(found[1], replace(requests[1], image_size=(height, width)))
    _check_domain(found[1], second.spec)
    return in_one_shape(first, second, f"{first.name}+{second.name}")


def contents(name: str, dataset: Dataset) -> list[str]:
    """A digest of each group of a data set, by which it is known again under any other name.

    It is empty for what is made on the spot: that is the same by its name, and its last bits may
    differ on another processor.

    Args:
        name: as the user calls it.
        dataset: what `load` has made of it.
    """
    parts = [row.spec.source != MADE for row in _find(name)]
    groups = [[*stream.values()] for stream in dataset.streams]
    if "/" in name:  # what the source is made of stands beside it
        groups = [group[1:] for group in groups]
    reads = parts if len(parts) > 1 else parts * len(groups)
    return [digest(group) if read else "" for group, read in zip(groups, reads, strict=True)]


def is_of_the_user(name: str) -> bool:
    """Whether a name says where the samples lie, and not which ones they are."""
    return any(row.spec.source == FILES for row in _find(name))


def described(name: str) -> DataSpec:
    """What a variant is told about the data set that the user calls `name`, without loading it.

    Raises:
        GanzooError: there is none of that name, its shape depends on its files, or two cannot be a
            pair.
    """
    specs = [_data_spec(row.spec) for row in _find(name)]
    if "/" in name:
        return pairs_of(specs[0], name.partition("/")[2])
    if len(specs) == 1:
        return specs[0]
    channels = max(spec.shape[0] for spec in specs)
    _, height, width = specs[0].shape
    shape = (channels, height, width)
    first, second = (
        replace(spec, groups=((replace(spec.sample, shape=shape), *spec.groups[0][1:]),))
        for spec in specs
    )
    return DataSpec.unpaired(first, second, f"{first.name}+{second.name}")


def single_names(name: str) -> list[str]:
    """The names of the registered sets in what ``--dataset`` takes."""
    return name.partition("/")[0].split("+")


def default_for(variant: VariantSpec) -> str:
    """The data set for a user who names none: the first, of those made on the spot, that suits.

    Raises:
        GanzooError: none of them does.
    """
    made = [
        spec
        for plugin in registry().plugins
        for spec in plugin.specs
        if plugin.usable and isinstance(spec, DatasetSpec) and spec.source == MADE
    ]
    known = [_data_spec(spec) for spec in made if _is_known(spec)]
    found = variant.dataset or first_suitable(variant, known)
    if not found:
        raise GanzooError(
            f"{variant.name} needs {in_words(variant.needs)}, and no data set that is {MADE} has "
            "such samples: name one with --dataset"
        )
    return found


def _find(name: str) -> list[Registered[DatasetSpec]]:
    """The one or two registered sets that are named, as far as they can be a pair."""
    try:
        return _find_named(name)
    except UnknownError as error:
        if not Path(name).is_dir():
            raise
        raise GanzooError(
            f"there is no data set '{name}', but a folder: if it is of your images, use "
            f"--dataset folder --data-root {typed(name)}"
        ) from error


def _find_named(name: str) -> list[Registered[DatasetSpec]]:
    names = single_names(name)
    if len(names) > 1 and "/" in name:
        raise GanzooError(
            f"'{name}' makes pairs of two sets: write A+B, or A/TASK with one name, as in "
            "cifar10/edges"
        )
    if len(names) == 1:
        return [registry().dataset(names[0])]
    if len(names) > 2 or "" in names:
        raise GanzooError(
            f"'{name}' is neither a data set nor two: write A+B with two names that "
            "`ganzoo datasets` lists, such as glyphs+ink"
        )
    found = [registry().dataset(part) for part in names]
    if found[0].qualified == found[1].qualified:
        raise GanzooError(
            f"'{name}' names one data set twice: the two domains of a pair must differ, "
            "as in glyphs+ink"
        )
    for row in found:
        if _is_known(row.spec):
            _check_domain(row, _data_spec(row.spec))
    return found


def _load(row: Registered[DatasetSpec], request: DataRequest) -> Dataset:
    if row.spec.source != FILES:
        request = replace(request, pixels=AS_THEY_ARE)
    loader: Callable[[DataRequest], Dataset] = row.load()
    try:
        return ask(loader, request)
    except OSError as error:
        if error.filename is None or error.errno not in _REFUSED:
            raise
        path = str(error.filename)
        shown = path if len(path) < _LONG else f"{path[:_LONG]}..."
        raise GanzooError(
            f"'{shown}' cannot be used ({error.strerror}): name data without it, or move it out of "
            "them"
        ) from error


def _data_spec(dataset: DatasetSpec) -> DataSpec:
    if not _is_known(dataset):
        raise GanzooError(
            f"the data set '{dataset.name}' is of {dataset.shape} shape: choose one whose shape "
            "`ganzoo datasets` shows"
        )
    if dataset.groups:
        return DataSpec(dataset.groups, dataset.name)
    shape = tuple(int(side) for side in dataset.shape.split("x"))
    return DataSpec.of_shape(shape, dataset.classes, dataset.name)


def _is_known(dataset: DatasetSpec) -> bool:
    """Whether its fields are known before it is loaded."""
    return bool(dataset.groups or re.fullmatch(r"\d+(x\d+x\d+)?", dataset.shape))


def _check_domain(row: Registered[DatasetSpec], data: DataSpec) -> None:
    """Refuse to pair what is no single domain of images."""
    name = row.spec.name
    if data.domains > 1:
        raise GanzooError(f"'{name}' holds two domains by itself: name it alone, without '+'")
    images = [field.name for field in data.groups[0] if field.kind == "image"]
    if images != ["image"]:
        held = f"{len(images)} images in each sample" if images else sample_kind(data).words
        raise GanzooError(
            f"'{name}' holds {held} and cannot be one of a pair: A+B takes two sets of images"
        )
