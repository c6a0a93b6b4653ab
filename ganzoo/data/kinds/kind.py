"""What every kind of data says about its values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.data.files.arrays import read_arrays
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from ganzoo.spec import Field


class Kind(ABC):
    """How values are stored, learned from, shown, written and read.

    *Stored* are tensors as a `Dataset` has them; *made* are those that networks see and make. Both
    have the sample as their first dimension.
    """

    words: str
    """Several samples, for the user: ``"images"``."""
    array: str
    """What they are called in an ``.npz``."""
    example: Field
    """A small field of the kind, which variants and augmentations are tried on."""
    moves: bool = False
    """Whether ``--flip`` and ``--crop`` change them: along the last two axes, height and width."""
    bounded: bool = False
    """Whether made values are float32 in [-1, 1]."""
    whole: bool = False
    """Whether made values are int64."""
    distinct: bool = False
    """Whether two samples are hardly ever the same."""
    shown: int = 100
    """How many a picture shows."""
    beside: str = ""
    """What is said of samples that have such a field beside them: ``"labelled {}"``; empty: it is
    a sample itself."""

    @abstractmethod
    def flaw(self, field: Field, stored: Tensor) -> str:
        """What is wrong with stored values, and what they must be; empty where all is well."""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        """`n` random stored values; by default float32 in [-1, 1]."""
        import torch

        return torch.rand(n, *field.shape, generator=generator) * 2 - 1

    @abstractmethod
    def prepared(self, stored: Tensor) -> Tensor:
        """Stored values as made: pure device work."""

    @abstractmethod
    def restored(self, field: Field, made: Tensor) -> Tensor:
        """Made values as stored."""

    def compared(self, field: Field, made: Tensor) -> Tensor:
        """Made values as numbers whose distances mean something."""
        return made

    @abstractmethod
    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """Write a PNG for a person; pictures of as many samples are of one size.

        Args:
            field: of which they are; they may be fewer or more than it `shown`.
            made: on the CPU.
            path: of the file.
            modes: centres that are known of the data, float32 (k, ...).
            columns: how many samples make a row, where they are pictures; None: as usual.
        """

    @abstractmethod
    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """Write samples into a folder, as files that the user has programs for.

        Args:
            field: of which they are.
            stored: some of them.
            folder: that exists, and holds the ones before.
            first: how many have been written before.
        """

    @abstractmethod
    def read(self, field: Field, folder: Path) -> Tensor:
        """The stored values that `write` wrote, in their order.

        Raises:
            GanzooError: the folder holds no such files, or others than the field says.
        """

    def to_array(self, field: Field, stored: Tensor) -> Any:
        """As a NumPy array that others understand without ganzoo."""
        return stored.numpy()

    def from_array(self, field: Field, array: Any) -> Tensor:
        """The stored values of such an array."""
        import torch

        return torch.from_numpy(array)

    def read_npz(self, field: Field, path: Path) -> Tensor:
        """The stored values in an ``.npz`` of `to_array`, under the name `array`.

        Raises:
            GanzooError: it is none, or holds others than the field says.
        """
        try:
            found = read_arrays(path)
        except (OSError, ValueError) as error:
            raise GanzooError(f"'{path}' is no .npz of plain arrays") from error
        if self.array not in found:
            names = ", ".join(found) or "nothing"
            raise GanzooError(f"'{path}' must hold `{self.array}`, and holds {names}")
        try:
            stored = self.from_array(field, found[self.array])
        except (TypeError, ValueError, LookupError, RuntimeError) as error:
            raise GanzooError(
                f"`{self.array}` in '{path}' is of {found[self.array].dtype} and not what "
                f"{self.words} are written as"
            ) from error
        return self.checked(field, stored, path)

    def checked(self, field: Field, stored: Tensor, where: Path) -> Tensor:
        """The values that were read, if they are what the field says.

        Raises:
            GanzooError: they are not.
        """
        flaw = self.flaw(field, stored)
        if not flaw and tuple(stored.shape[1:]) != field.shape:
            shape = "x".join(map(str, stored.shape[1:]))
            flaw = f"is of shape {shape} a sample: make it {field}"
        if flaw:
            raise GanzooError(f"'{field.name}' in '{where}' {flaw}")
        return stored


def described(stored: Tensor) -> str:
    """Type and shape, in a few words."""
    return f"{str(stored.dtype).removeprefix('torch.')} {tuple(stored.shape)}"


def whole_numbers(field: Field, n: int, generator: Generator, below: int) -> Tensor:
    """Random numbers of a field's shape, int64 from 0 on."""
    import torch

    return torch.randint(below, (n, *field.shape), generator=generator)


def lines_in(path: Path) -> list[str]:
    """The lines of a file of text, which end with a line feed and with no other sign.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not UTF-8.
    """
    with path.open(encoding="utf-8", newline="\n") as file:
        return [line.removesuffix("\n") for line in file]


def numbered(folder: Path, suffix: str) -> list[Path]:
    """The files, or folders, that were written a sample each, in order.

    Raises:
        GanzooError: there are none.
    """
    found = sorted(path for path in folder.glob(f"[0-9]*{suffix}") if path.suffix == suffix)
    if not found:
        what = f"files ending in {suffix}" if suffix else "folders"
        raise GanzooError(f"the folder '{folder}' holds no {what}, numbered from 00000 on")
    return found
