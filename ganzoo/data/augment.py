"""Random changes to real images that leave them real: mirrored, and moved by a few pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """What is done to each sample, by random numbers of the device's default generator."""

    flip: bool = False
    """Mirror left and right, with probability 1/2."""
    crop: int = 0
    """Move by up to so many pixels, in each direction and along each axis, as if the image went
    on beyond its border as its own reflection there; less than its height and width."""

    def __bool__(self) -> bool:
        return self.flip or self.crop > 0

    def draw(self, n: int, height: int, width: int, device: torch.device) -> "Moves":
        """How each of `n` samples is changed: pure device work."""
        columns = self._moved(n, width, device)
        if self.flip:
            mirrored = torch.rand(n, 1, device=device) < 0.5
            columns = torch.where(mirrored, width - 1 - columns, columns)
        return Moves(columns, self._moved(n, height, device) if self.crop else None)

    def _moved(self, n: int, size: int, device: torch.device) -> Tensor:
        """From where on an axis each pixel of each image comes: int64 (n, size)."""
        positions = torch.arange(size, device=device).expand(n, size)
        if self.crop:
            positions = positions + torch.randint(-self.crop, self.crop + 1, (n, 1), device=device)
        last = size - 1
        return last - (last - positions.abs()).abs()


@dataclass(frozen=True)
class Moves:
    """From where each pixel of a batch comes: the same for all fields of a sample."""

    columns: Tensor
    """int64 (n, width)."""
    rows: Tensor | None
    """int64 (n, height); None: from its own row."""

    def __call__(self, images: Tensor) -> Tensor:
        """New images, each moved in its own way, pixel by pixel: pure device work.

        Args:
            images: (n, ..., height, width), of any dtype.
        """
        n, height, width = images.shape[0], *images.shape[-2:]
        planes = images.reshape(n, -1, height, width)
        planes = planes.gather(3, self.columns.view(n, 1, 1, width).expand(planes.shape))
        if self.rows is None:
            return planes.view(images.shape)
        # Whole lines of pixels, found by number: a second gather would take 20 times as long.
        count = planes.shape[1]
        first = torch.arange(n * count, device=images.device).view(n, count, 1) * height
        lines = first + self.rows.unsqueeze(1)
        return planes.flatten(0, 2).index_select(0, lines.flatten()).view(images.shape)
