"""The real data of an evaluation, and what is chosen of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.plugins import catalog

ROWS = 1000
"""Images rounded at once."""


class Splits(NamedTuple):
    """The training and the test split, at the size of the samples."""

    train: Dataset
    """What a variant was trained on."""
    test: Dataset
    native: tuple[Dataset, Dataset]
    """Both whole, at the data's own size, at which an extractor learns."""


def load_splits(
    name: str,
    root: Path | None,
    size: tuple[int, int] | None,
    report: Callable[[str], None],
    few: int | None = None,
) -> Splits:
    """The training and the test split, at a size and at their own.

    Args:
        name: as ``--dataset`` takes it.
        root: where its files are.
        size: (height, width); None: their own.
        report: is told what happens.
        few: samples of the training split that were trained on; None: all.

    Raises:
        GanzooError: as `catalog.load`.
    """

    def load(split: str, size: tuple[int, int] | None) -> Dataset:
        return in_bytes(catalog.load(name, DataRequest(root, split, size, report=report)))

    train, test = load("train", size), load("test", size)
    native = (train, test) if size is None else (load("train", None), load("test", None))
    return Splits(train.few(few), test, native)


def in_bytes(dataset: Dataset) -> Dataset:
    """The same with images of 16 bits rounded to 8, at which all images are measured."""
    wide = {
        field.name: dataset.tensors[field.name]
        for field in dataset.spec.fields.values()
        if field.kind == "image" and dataset.tensors[field.name].dtype == torch.int16
    }
    if not wide:
        return dataset
    narrow = {
        name: torch.cat([to_bytes(to_floats(part)) for part in torch.split(tensor, ROWS)])
        for name, tensor in wide.items()
    }
    groups = tuple(
        tuple(replace(field, codec="") if field.name in wide else field for field in group)
        for group in dataset.spec.groups
    )
    spec = replace(dataset.spec, groups=groups)
    return replace(dataset, spec=spec, tensors=dataset.tensors | narrow)


def choose(dataset: Dataset, n: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """`n` samples of a data set, or all if it has fewer, and their labels; ever the same ones."""
    rows = chosen_rows(len(dataset), n, seed)
    labels = dataset.fields.get("label")
    return samples_of(dataset)[rows], None if labels is None else labels[rows]


def samples_of(dataset: Dataset) -> Tensor:
    """What a generator draws: the first field of the first group, as a file has it."""
    return dataset.tensors[dataset.spec.sample.name]


def chosen_rows(count: int, n: int, seed: int) -> Tensor:
    """Which `n` rows of `count`, or all if there are fewer, in ascending order: int64 (n,)."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:n]
    return order.sort().values
