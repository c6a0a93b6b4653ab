"""The real data of an evaluation, and what is chosen of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.data.dataset import DataRequest, Dataset, once
from ganzoo.data.files.found import RULES
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels
from ganzoo.data.mapped import refuse_shortened
from ganzoo.plugins import catalog
from ganzoo.runs.record import check_unchanged
from ganzoo.runs.run import Run

DIGITS = 8
"""Of a digest that stand in the protocol."""
ROWS = 1000
"""Images rounded at once."""


class Splits(NamedTuple):
    """The training and the test split, at the size of the samples."""

    train: Dataset
    """What a variant was trained on."""
    test: Dataset
    native: tuple[Dataset, Dataset]
    """Both whole, at the data's own size, at which an extractor learns."""
    content: str = ""
    """Digits that tell the test split from any other, where its name does not say which it is."""


def load_splits(
    name: str,
    root: Path | None,
    size: tuple[int, int] | None,
    report: Callable[[str], None],
    few: int | None = None,
    run: Run | None = None,
    *,
    pixels: Pixels = AS_THEY_ARE,
    rules: int = RULES,
) -> Splits:
    """The training and the test split, at a size and at their own.

    Args:
        name: as ``--dataset`` takes it.
        root: where its files are.
        size: (height, width); None: their own.
        report: is told what happens.
        few: samples of the training split that were trained on; None: all.
        run: that was trained on the one split and has not seen the other; None: anything else is
            measured.
        pixels: how image files are read.
        rules: by which files are found: see `ganzoo.data.files.found.RULES`.

    Raises:
        GanzooError: as `catalog.load`; or the training split is not what the run was trained on.
    """

    said = once(report, alike=True)  # what is found in one split is, too, in the other

    def read(split: str, wanted: tuple[int, int] | None) -> Dataset:
        tell = said if wanted == size else _silent  # the same is found in another size
        request = DataRequest(root, split, wanted, pixels=pixels, rules=rules, report=tell)
        return catalog.load(name, request)

    def load(split: str, size: tuple[int, int] | None) -> Dataset:
        return in_bytes(known(read(split, size)))

    def known(dataset: Dataset) -> Dataset:
        """By the name that it had when the run was trained, if it is sure to be the same."""
        if run is None or "content" not in run.settings["data"]:
            return dataset
        spec = replace(dataset.spec, name=run.settings["data"]["name"])
        return replace(dataset, spec=spec)

    first = read("train", size)
    if run is not None:
        learned = first.few(few)
        content = catalog.contents(name, learned)
        check_unchanged(run.path, run.settings, learned, content, named=False)
    train, test = in_bytes(known(first)), load("test", size)
    native = (train, test) if size is None else (load("train", None), load("test", None))
    own = catalog.contents(name, test) if catalog.is_of_the_user(name) else []
    return Splits(train.few(few), test, native, "-".join(each[:DIGITS] for each in own if each))


def _silent(message: str) -> None:
    """Ignore a message."""


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
    refuse_shortened()
    return dataset.tensors[dataset.spec.sample.name]


def chosen_rows(count: int, n: int, seed: int) -> Tensor:
    """Which `n` rows of `count`, or all if there are fewer, in ascending order: int64 (n,)."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:n]
    return order.sort().values
