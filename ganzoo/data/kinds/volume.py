"""Volumes of voxels: uint8 (n, channels, depth, height, width), made as float32 in [-1, 1]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, numbered, whole_numbers
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Volumes(Kind):
    """Densities from empty, 0, to full, 255."""

    words = "volumes"
    array = "volumes"
    example = Field("volume", "volume", (1, 8, 8, 8))
    moves = True
    bounded = True
    distinct = True
    shown = 30

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is torch.uint8 and stored.dim() == 5:
            return ""
        return (
            f"is {described(stored)}: volumes are uint8 (n, channels, depth, height, width) with "
            "values from 0 to 255"
        )

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        return whole_numbers(field, n, generator, 256).byte()

    def prepared(self, stored: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_floats

        return to_floats(stored)

    def restored(self, field: Field, made: Tensor) -> Tensor:
        from ganzoo.artifacts.pixels import to_bytes

        return to_bytes(made)

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """The most that lies behind each pixel, seen from the front, from above and from aside."""
        import torch
        from torch.nn.functional import pad

        from ganzoo.data.kinds.image import KIND as IMAGES

        views = made.amax(2), made.amax(3), made.amax(4).transpose(2, 3)
        height = max(view.shape[2] for view in views)
        whole = [pad(view, (0, 1, 0, height - view.shape[2]), value=-1.0) for view in views]
        IMAGES.draw(field, torch.cat(whole, 3), path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """An ``.npy`` each, (channels, depth, height, width)."""
        import numpy as np

        for number, volume in enumerate(stored.numpy(), first):
            np.save(folder / f"{number:05d}.npy", volume)

    def read(self, field: Field, folder: Path) -> Tensor:
        import numpy as np
        import torch

        try:
            volumes = np.stack([np.load(file) for file in numbered(folder, ".npy")])
        except (OSError, ValueError) as error:
            raise GanzooError(f"the folder '{folder}' has arrays that are no volumes") from error
        return self.checked(field, torch.from_numpy(volumes), folder)


KIND = Volumes()
