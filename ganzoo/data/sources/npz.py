"""Arrays: ``--dataset npz --data-root FILE``.

FILE is an ``.npz`` of NumPy, or a folder with one, or with ``train.npz`` and ``test.npz``. Each
array is a field, of which every sample has a row; of what kind it is follows from its type and its
dimensions (see `guessed.guess`) and is said once. An array called ``x``, ``data``, ``arr_0`` or as
its kind's samples (``images``) is called as is usual for its kind (``image``); others keep their
names. The samples come first, and labels, attributes and masks after them.

Splits: as the files say, or as ``_train`` and ``_test`` at the end of all names, or ``train_`` and
``test_`` at their beginning; else every tenth row is held out.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.arrays import read_arrays
from ganzoo.data.files.one_file import shown_name, split_files
from ganzoo.data.files.splits import held_out
from ganzoo.data.kinds import kind_of
from ganzoo.data.made.drawing import refuse_size
from ganzoo.data.sources.guessed import guess
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec, Field, usual_name

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

BESIDE = ("label", "attributes", "mask")
"""Kinds that go with samples."""
_SPLIT = re.compile(r"^(?:(?P<before>train|test)_(?P<a>.+)|(?P<b>.+)_(?P<after>train|test))$")
_GENERAL = re.compile(r"^(x|y|data|samples|arr_\d+)$", re.IGNORECASE)


def load(request: DataRequest) -> Dataset:
    """The arrays as fields, as the module's documentation describes.

    Raises:
        GanzooError: there is no such file, its arrays are not aligned, or one is of no kind.
    """
    first, second = split_files(request.root, "npz", (".npz",), "an .npz with arrays of samples")
    refuse_size(request, "npz", "arrays of the size that they have")
    splits = {"train": _read(first)} | ({"test": _read(second)} if second else {})
    if second is None:
        splits = _by_name(splits["train"], first)
    counts = {split: _length(arrays, first) for split, arrays in splits.items()}
    tensors, fields = _joined(splits, first, request.report)
    if "test" in splits:
        chosen = [*range(counts["train"])]
        if request.split == "test":
            chosen = [*range(counts["train"], sum(counts.values()))]
    else:
        train, test = held_out(
            *(first, range(counts["train"]), request.report, "row"),
            *(_classes(tensors, fields), request.rules),
        )
        chosen = test if request.split == "test" else train
    if not chosen:
        raise GanzooError(
            f"'{first}' has no row for the {request.split} split: give it ten rows, of which one "
            "is held out, or give two files, train.npz and test.npz"
        )
    name = shown_name(first, second)
    request.report(f"arrays of '{name}': {_told(tensors, fields)}")
    spec = DataSpec((tuple(fields.values()),), name)
    return Dataset(spec, {field.name: tensors[key][chosen] for key, field in fields.items()})


def _read(path: Path) -> Arrays:
    try:
        arrays = read_arrays(path)
    except (OSError, ValueError) as error:
        raise GanzooError(
            f"'{path}' is no .npz of plain arrays: write it by numpy.savez(path, x=..., y=...)"
        ) from error
    if not arrays:
        raise GanzooError(f"'{path}' holds no arrays: it must hold one for each field")
    return arrays


def _by_name(arrays: Arrays, path: Path) -> dict[str, Arrays]:
    """The arrays of each split where all their names end, or begin, with it."""
    found: dict[str, Arrays] = {}
    called: dict[tuple[str, str], list[str]] = {}
    for name, array in arrays.items():
        match = _SPLIT.match(name)
        if match is None:
            return {"train": arrays}
        split, own = match["before"] or match["after"], match["a"] or match["b"]
        found.setdefault(split, {})[own] = array
        called.setdefault((split, own), []).append(name)
    if found.keys() != {"train", "test"}:
        return {"train": arrays}
    for (split, own), (first, *others) in called.items():
        if others:
            raise GanzooError(
                f"'{path}' holds '{first}' and '{others[0]}', which both are '{own}' of the "
                f"{split} split: leave one"
            )
    return found


def _length(arrays: Arrays, path: Path) -> int:
    """How many rows all have."""
    counts = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise GanzooError(
            f"the arrays in '{path}' must have a row for each sample, and they have {told}"
        )
    return next(iter(counts.values()))


def _joined(
    splits: Mapping[str, Arrays], path: Path, report: Callable[[str], None]
) -> tuple[dict[str, Tensor], dict[str, Field]]:
    """The rows of all splits, one after the other, and what each array is, samples first."""
    parts = [*splits.values()]
    shapes = [{name: array.shape[1:] for name, array in part.items()} for part in parts]
    if any(each != shapes[0] for each in shapes):
        raise GanzooError(
            f"the arrays of the two splits in '{path}' must have the same names and shapes"
        )
    tensors: dict[str, Tensor] = {}
    fields: dict[str, Field] = {}
    for name in parts[0]:
        joined = np.concatenate([part[name] for part in parts]) if parts[1:] else parts[0][name]
        counts = [len(part[name]) for part in parts]
        field, tensors[name] = guess(name, joined, path, report, counts)
        fields[name] = Field(_called(name, field.kind), *_rest(field))
    called = [field.name for field in fields.values()]
    if len(set(called)) < len(called):  # two of one kind keep the names that they have
        fields = {key: Field(key, *_rest(field)) for key, field in fields.items()}
    ordered = sorted(fields.items(), key=lambda item: item[1].kind in BESIDE)
    return tensors, dict(ordered)


def _classes(tensors: Mapping[str, Tensor], fields: Mapping[str, Field]) -> list[str]:
    """The class of each row, where there are labels."""
    labels = next((key for key, field in fields.items() if field.kind == "label"), None)
    if labels is None:
        return []
    return [fields[labels].names[number] for number in tensors[labels].tolist()]


def _called(name: str, kind: str) -> str:
    general = _GENERAL.match(name) or name in (kind, kind_of(kind).array)
    return usual_name(kind) if general else name


def _rest(field: Field) -> tuple[str, tuple[int, ...], tuple[str, ...], str]:
    return field.kind, field.shape, field.names, field.codec


def _told(tensors: Mapping[str, Tensor], fields: Mapping[str, Field]) -> str:
    return ", ".join(
        f"'{key}' as {kind_of(field.kind).words}{f' of {field}' if field.shape else ''}"
        + (f", called '{field.name}'" if field.name != key else "")
        for key, field in fields.items()
    )
