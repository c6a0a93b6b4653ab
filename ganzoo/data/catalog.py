"""What ``--dataset`` names: one data set, or two of them, ``A+B``, as unpaired domains.

Of two sets, the second is brought to the size of the first, and a grayscale one to the channels of
a coloured one. ``--data-root`` is told to those of them that read files.
"""

import re
from dataclasses import replace

from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import MADE, DatasetSpec, DataSpec


def load(name: str, request: DataRequest) -> Dataset:
    """The data set that the user calls `name`.

    Args:
        name: as ``--dataset`` takes it: ``"mnist"``, ``"glyphs+ink"``, ``"distribution:name"``.
        request: for it, or for both of them.

    Returns:
        It, or the first with the second as its `other`; each keeps its own labels.

    Raises:
        GanzooError: there is none of that name, it cannot be loaded, or two cannot be a pair.
    """
    found = _find(name)
    if len(found) == 1:
        return _load(found[0], request)
    reads = [row.spec.source != MADE for row in found]
    requests = [
        request if reading or not any(reads) else replace(request, root=None) for reading in reads
    ]
    first = _load(found[0], requests[0])
    _check_domain(found[0], first)
    height, width = first.spec.shape[1:]
    second = _load(found[1], replace(requests[1], image_size=(height, width)))
    _check_domain(found[1], second)
    return paired(first, second, f"{first.name}+{second.name}")


def described(name: str) -> DataSpec:
    """What a variant is told about the data set that the user calls `name`, without loading it.

    Raises:
        GanzooError: there is none of that name, its shape depends on its files, or two cannot be a
            pair.
    """
    specs = [_data_spec(row.spec) for row in _find(name)]
    if len(specs) == 1:
        return specs[0]
    channels = max(spec.shape[0] for spec in specs)
    shape = (channels, *specs[0].shape[1:])
    return DataSpec(shape, specs[0].classes, "+".join(spec.name for spec in specs), domains=2)


def paired(first: Dataset, second: Dataset, name: str) -> Dataset:
    """Two sets of images as one, with as many channels as the more colourful of them.

    Raises:
        GanzooError: their images cannot be brought to one shape.
    """
    channels = max(first.spec.shape[0], second.spec.shape[0])
    first, second = _with_channels(first, channels), _with_channels(second, channels)
    if first.spec.shape != second.spec.shape:
        raise GanzooError(
            f"'{first.name}' has images of {first.spec} and '{second.name}' of {second.spec}: "
            "two domains must have one shape"
        )
    return replace(first, name=name, other=second)


def _find(name: str) -> list[Registered[DatasetSpec]]:
    """The one or two registered sets that are named, as far as they can be a pair."""
    names = name.split("+")
    if len(names) == 1:
        return [registry().dataset(name)]
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
        if row.spec.shape.isdecimal():
            raise _no_images(row)
    return found


def _load(row: Registered[DatasetSpec], request: DataRequest) -> Dataset:
    dataset: Dataset = row.load()(request)
    return dataset


def _data_spec(dataset: DatasetSpec) -> DataSpec:
    if not re.fullmatch(r"\d+(x\d+)*", dataset.shape):
        raise GanzooError(
            f"the data set '{dataset.name}' is of {dataset.shape} shape: choose one whose shape "
            "`ganzoo datasets` shows"
        )
    shape = tuple(int(side) for side in dataset.shape.split("x"))
    return DataSpec(shape, dataset.classes, dataset.name)


def _check_domain(row: Registered[DatasetSpec], dataset: Dataset) -> None:
    """Refuse to pair what only its loading shows to be no single domain of images."""
    if not dataset.spec.is_image:
        raise _no_images(row)
    if dataset.other is not None:
        raise GanzooError(
            f"'{row.spec.name}' holds two domains by itself: name it alone, without '+'"
        )


def _no_images(row: Registered[DatasetSpec]) -> GanzooError:
    return GanzooError(
        f"'{row.spec.name}' holds points and cannot be one of a pair: A+B takes two sets of images"
    )


def _with_channels(dataset: Dataset, channels: int) -> Dataset:
    """The data set with its grayscale images, if they are so, repeated for each channel."""
    image: Tensor = dataset.fields["image"]
    if image.shape[1] == 1:
        image = image.expand(-1, channels, -1, -1)  # a view, which takes no memory
    return replace(dataset, fields=dataset.fields | {"image": image})
