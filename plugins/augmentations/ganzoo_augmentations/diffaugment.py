"""Differentiable Augmentation for Data-Efficient GAN Training (Zhao et al. 2020).

As in the authors' code (mit-han-lab/data-efficient-gans), each image by draws of its own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo import option
from ganzoo.augmentations import Translation
from ganzoo_augmentations.images import OfImages


@dataclass(frozen=True)
class NoConfig:
    """Nothing to set."""


class Colour(OfImages):
    """Brightness, saturation and contrast, in this order.

    Brightness adds U(-0.5, 0.5), of values that are in [-1, 1]. Saturation multiplies by U(0, 2)
    how far each channel is from the mean of all at the same pixel, and contrast by U(0.5, 1.5) how
    far each value is from the image's mean. The result may lie beyond [-1, 1].
    """

    Config = NoConfig
    name = "colour"

    def __init__(self, config: NoConfig) -> None:
        super().__init__(config)

    def forward(self, sample: Tensor) -> Tensor:
        def draw() -> Tensor:
            return torch.rand(len(sample), 1, 1, 1, dtype=sample.dtype, device=sample.device)

        image = sample + draw() - 0.5
        grey = image.mean(1, keepdim=True)
        image = grey + 2 * draw() * (image - grey)
        level = image.mean((1, 2, 3), keepdim=True)
        return level + (draw() + 0.5) * (image - level)


@dataclass(frozen=True)
class CutoutConfig:
    """How large."""

    ratio: float = option(
        0.5, "of height and width, which the square that is cut out has", minimum=0, maximum=1
    )


class Cutout(OfImages):
    """A square, or what of it lies in the image, is 0: its centre is anywhere in the image."""

    Config = CutoutConfig
    name = "cutout"

    def __init__(self, config: CutoutConfig) -> None:
        super().__init__(config)
        self.ratio = config.ratio

    def forward(self, sample: Tensor) -> Tensor:
        n, _, *sides = sample.shape
        inside = []
        for side in sides:
            size = int(side * self.ratio + 0.5)
            centre = torch.randint(side + 1 - size % 2, (n, 1), device=sample.device)
            place = torch.arange(side, device=sample.device) - centre + size // 2
            inside.append((place >= 0) & (place < size))
        rows, columns = inside
        return sample * ~(rows[:, None, :, None] & columns[:, None, None, :])


class DiffAugment(OfImages):
    """Colour, translation and cutout: the policy for few images of Zhao et al.

    On CIFAR they have ``--augment translation,cutout``.
    """

    Config = NoConfig
    name = "diffaugment"

    def __init__(self, config: NoConfig) -> None:
        super().__init__(config)
        self.parts = nn.Sequential(
            Colour(config), Translation(Translation.Config()), Cutout(Cutout.Config())
        )

    def forward(self, sample: Tensor) -> Tensor:
        image: Tensor = self.parts(sample)
        return image
