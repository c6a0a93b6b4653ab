"""Attributes that each are there or not: uint8 (n, attributes) of 0 and 1, made as float32."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, whole_numbers
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor

FILE = "attributes.csv"


class Attributes(Kind):
    """Column k is whether ``Field.names[k]`` holds."""

    words = "attributes"
    array = "attributes"
    example = Field("attributes", "attributes", (3,), ("hat", "tie", "smile"))
    shown = 40
    beside = "{} with attributes"

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is not torch.uint8 or stored.dim() != 2 or stored.max() > 1:
            return f"is {described(stored)}: attributes are uint8 (n, attributes) of 0 and 1"
        if stored.shape[1] != len(field.names):
            return f"has {stored.shape[1]} columns: give a name for each of them in Field.names"
        return ""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        return whole_numbers(field, n, generator, 2).byte()

    def prepared(self, stored: Tensor) -> Tensor:
        return stored.float()

    def restored(self, field: Field, made: Tensor) -> Tensor:
        return (made > 0.5).byte()

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """A line each: the names of those that are there."""
        from ganzoo.artifacts.sheets import draw_text

        there = (made > 0.5).tolist()
        draw_text(
            [", ".join(n for n, on in zip(field.names, row, strict=True) if on) for row in there],
            path,
        )

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """One CSV with the names above."""
        with (folder / FILE).open("a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            if not first:
                rows.writerow(field.names)
            rows.writerows(stored.tolist())

    def read(self, field: Field, folder: Path) -> Tensor:
        import torch

        try:
            with (folder / FILE).open(encoding="utf-8", newline="") as file:
                names, *rows = csv.reader(file)
            stored = torch.tensor([[int(word) for word in row] for row in rows], dtype=torch.uint8)
        except (OSError, ValueError) as error:
            raise GanzooError(f"the folder '{folder}' has no {FILE} of 0 and 1") from error
        if tuple(names) != field.names:
            raise GanzooError(f"the columns in '{folder / FILE}' are not {', '.join(field.names)}")
        return self.checked(field, stored, folder)


KIND = Attributes()
