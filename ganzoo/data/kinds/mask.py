"""Masks: which class each pixel is of, uint8 (n, height, width), made as int64.

Class k is ``Field.names[k]``. What moves an image moves the mask beside it, pixel by pixel, so that
no class is mixed with another.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.kinds.kind import Kind, described, numbered, whole_numbers
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Masks(Kind):
    """A class for each pixel."""

    words = "masks"
    array = "masks"
    example = Field("mask", "mask", (32, 32), ("sky", "sea"))
    moves = True
    whole = True
    beside = "{} with masks"

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is not torch.uint8 or stored.dim() != 3:
            return f"is {described(stored)}: masks are uint8 (n, height, width), a class a pixel"
        if field.names and stored.max() >= len(field.names):
            return f"has the class {stored.max()}, and there are {len(field.names)}, from 0 on"
        return ""

    def invented(self, field: Field, n: int, generator: Generator) -> Tensor:
        return whole_numbers(field, n, generator, max(2, len(field.names))).byte()

    def prepared(self, stored: Tensor) -> Tensor:
        return stored.long()

    def restored(self, field: Field, made: Tensor) -> Tensor:
        return made.byte()

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """A grid in a colour for each class, the first one black."""
        import torch

        from ganzoo.artifacts.pictures import grid, to_pil

        steps = torch.arange(256)
        colours = torch.stack([steps * factor % 256 for factor in (67, 151, 229)], 1).byte()
        to_pil(grid(colours[made].permute(0, 3, 1, 2))).save(path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """A PNG each, whose pixels are numbers of classes."""
        from PIL import Image

        for number, mask in enumerate(stored.numpy(), first):
            Image.fromarray(mask).save(folder / f"{number:05d}.png")

    def read(self, field: Field, folder: Path) -> Tensor:
        import numpy as np
        import torch
        from PIL import Image

        masks = np.stack(
            [np.asarray(Image.open(file, formats=["PNG"])) for file in numbered(folder, ".png")]
        )
        return self.checked(field, torch.from_numpy(masks), folder)


KIND = Masks()
