"""Labels: int64 (n,), label k meaning ``Field.names[k]``; stored as they are made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, lines_in
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor

FILE = "labels.txt"


class Labels(Kind):
    """One class of several."""

    words = "labels"
    array = "labels"
    example = Field("label", "label", (), tuple("0123456789"))
    whole = True
    shown = 40
    beside = "labelled {}"

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is not torch.int64 or stored.dim() != 1:
            return f"is {described(stored)}: make it int64 (n,)"
        return ""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        """Each class as often as the others."""
        import torch

        return torch.arange(n) % len(field.names)

    def prepared(self, stored: Tensor) -> Tensor:
        return stored

    def restored(self, field: Field, made: Tensor) -> Tensor:
        return made

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        from ganzoo.artifacts.sheets import draw_text

        draw_text(self._names(field, made), path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """One text file, the name of a class in each line."""
        with (folder / FILE).open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{_in_a_line(name)}\n" for name in self._names(field, stored))

    def read(self, field: Field, folder: Path) -> Tensor:
        import torch

        numbers = {_in_a_line(name): number for number, name in enumerate(field.names)}
        try:
            lines = lines_in(folder / FILE)
            return torch.tensor([numbers[line] for line in lines])
        except (OSError, KeyError) as error:
            raise GanzooError(
                f"the folder '{folder}' has no {FILE} with one of {', '.join(field.names)} a line"
            ) from error

    def _names(self, field: Field, labels: Tensor) -> list[str]:
        return [field.names[label] if field.names else str(label) for label in labels.tolist()]


def _in_a_line(name: str) -> str:
    return name.replace("\n", " ")


KIND = Labels()
