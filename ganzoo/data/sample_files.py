"""Files of samples: a folder of what the user has programs for, or one ``.npz`` of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import creating, refuse_endless, whole_folder
from ganzoo.artifacts.places import mark
from ganzoo.data.kinds import kind_of
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.spec import Field

NPZ = ".npz"
LABELS = "labels"
"""Of an ``.npz``: int64 (n,), the classes that were asked for."""

Drawn = tuple["Tensor", "Tensor | None"]
"""Some samples as networks make them, on the CPU, and their labels int64 (n,)."""


def write_folder(
    drawn: Iterable[Drawn],
    field: Field,
    out: Path,
    finish: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Write samples as files of their kind into `out`, which appears when all are there.

    Args:
        drawn: the samples, in parts.
        field: of which they are.
        out: that does not exist.
        finish: is called with the folder before it appears.

    Raises:
        OSError: it cannot be written.
    """
    kind, count = kind_of(field.kind), 0
    with whole_folder(out) as temporary:
        for made, _ in drawn:
            kind.write(field, kind.restored(field, made), temporary, count)
            count += len(made)
        finish(temporary)
        mark(temporary)


def write_npz(drawn: Iterable[Drawn], field: Field, out: Path) -> None:
    """Write samples as one ``.npz``, whole or not at all, under the name that their kind says.

    Args:
        drawn: the samples, in parts, and their labels, which become `LABELS`.
        field: of which they are.
        out: the file.

    Raises:
        OSError: it cannot be written.
    """
    import numpy as np
    import torch

    kind = kind_of(field.kind)
    parts, labels = [], []
    for made, drawn_labels in drawn:
        parts.append(kind.restored(field, made))
        if drawn_labels is not None:
            labels.append(drawn_labels)
    arrays: dict[str, Any] = {kind.array: kind.to_array(field, torch.cat(parts))}
    if labels:
        arrays[LABELS] = torch.cat(labels).numpy()
    with creating(out) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def read_samples(field: Field, path: Path) -> Tensor:
    """The samples that `write_folder` or `write_npz` wrote, as they are stored.

    Args:
        field: of which they are.
        path: the folder, or the file.

    Raises:
        GanzooError: there are none, or others than the field says.
    """
    kind = kind_of(field.kind)
    if not path.is_dir():
        return kind.read_npz(field, path)
    for file in path.iterdir():
        try:
            refuse_endless(file)
        except OSError as error:
            raise GanzooError(f"'{file}' cannot be read ({error.strerror}): remove it") from error
    return kind.read(field, path)
