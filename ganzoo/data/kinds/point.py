"""Points in any number of dimensions: float32 (n, dimensions), stored as they are made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Tensor

FILE = "samples.csv"


class Points(Kind):
    """Coordinates, most of them within [-1, 1], which is what pictures show."""

    words = "points"
    array = "points"
    example = Field("point", "point", (2,))
    distinct = True
    shown = 2000

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is torch.float32 and stored.dim() == 2:
            return ""
        return f"is {described(stored)}: points are float32 (n, dimensions)"

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
        from ganzoo.artifacts.sheets import draw_points

        draw_points(made, path, modes)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """One CSV without a header, a line a point."""
        with (folder / FILE).open("a", encoding="utf-8") as file:
            for row in stored.tolist():
                file.write(",".join(f"{value:.9g}" for value in row) + "\n")

    def read(self, field: Field, folder: Path) -> Tensor:
        import torch

        try:
            lines = (folder / FILE).read_text(encoding="utf-8").split()
            points = torch.tensor([[float(word) for word in line.split(",")] for line in lines])
        except (OSError, ValueError) as error:
            raise GanzooError(
                f"the folder '{folder}' has no {FILE} with a point in each line"
            ) from error
        return self.checked(field, points, folder)

    def from_array(self, field: Field, array: object) -> Tensor:
        import torch

        return torch.as_tensor(array, dtype=torch.float32)


KIND = Points()
