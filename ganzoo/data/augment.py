"""Random changes to real images that leave them real: mirrored, and moved by a few pixels."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """What is done to each image, by random numbers of the device's default generator."""

    flip: bool = False
    """Mirror left and right, with probability 1/2."""
    crop: int = 0
    """Move by up to so many pixels, in each direction and along each axis, as if the image went
    on beyond its border as its own reflection there; less than its height and width."""

    def __bool__(self) -> bool:
        return self.flip or self.crop > 0

    def __call__(self, images: Tensor) -> Tensor:
        """New images, each changed in its own way; pure device work.

        Args:
            images: (n, channels, height, width), of any dtype.
        """
        n, channels, height, width = images.shape
        columns = self._moved(n, width, images.device)
        if self.flip:
            mirrored = torch.rand(n, 1, device=images.device) < 0.5
            columns = torch.where(mirrored, width - 1 - columns, columns)
        images = images.gather(3, columns.view(n, 1, 1, width).expand(images.shape))
        if not self.crop:
            return images
        # Whole lines of pixels, found by number: a second gather would take 20 times as long.
        first = torch.arange(n * channels, device=images.device).view(n, channels, 1) * height
        lines = first + self._moved(n, height, images.device).unsqueeze(1)
        return images.flatten(0, 2).index_select(0, lines.flatten()).view(images.shape)

    def _moved(self, n: int, size: int, device: torch.device) -> Tensor:
        """From where on an axis each pixel of each image comes: int64 (n, size)."""
        positions = torch.arange(size, device=device).expand(n, size)
        if self.crop:
            positions = positions + torch.randint(-self.crop, self.crop + 1, (n, 1), device=device)
        last = size - 1
        return last - (last - positions.abs()).abs()
