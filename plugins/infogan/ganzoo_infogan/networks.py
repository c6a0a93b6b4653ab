"""The networks of the authors' code for MNIST (Chen et al. 2016), for images of other sizes too.

There 28 pixels are halved twice, to 7. Here sides are halved, rounding down, as long as the shorter
one keeps 7 pixels: 64 -> 32 -> 16 -> 8. With a width of 64 the layers are the authors'. Images are
in [-1, 1] outside of the networks, and in [0, 1] inside.
"""

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from ganzoo import DataSpec, Generator

KERNEL, STRIDE, PADDING = 4, 2, 1
SMALLEST_MAP = 7


def pyramid(data: DataSpec, width: int) -> list[tuple[int, int, int]]:
    """(maps, height, width) of each layer, from the image down to the smallest maps."""
    maps, (channels, h, w) = width, data.shape
    levels = [(channels, h, w)]
    while min(h, w) >= 2 * SMALLEST_MAP:
        h, w = h // 2, w // 2
        levels.append((maps, h, w))
        maps *= 2
    return levels


def features_of(width: int) -> int:
    """Units of the fully connected layers next to the maps: 1024 of a width of 64."""
    return 16 * width


class Trunk(nn.Module):
    """What D and Q share: images to features (n, `features_of`)."""

    def __init__(self, width: int, data: DataSpec, leak: float) -> None:
        super().__init__()
        levels = pyramid(data, width)
        layers: list[nn.Module] = []
        for (i, _, _), (o, _, _) in pairwise(levels):
            layers.append(nn.Conv2d(i, o, KERNEL, STRIDE, PADDING))
            if len(layers) > 1:  # not on the input
                layers.append(nn.BatchNorm2d(o))
            layers.append(nn.LeakyReLU(leak))
        units = features_of(width)
        self.net = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(prod(levels[-1]), units),
            nn.BatchNorm1d(units),
            nn.LeakyReLU(leak),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Map images in [-1, 1] to features."""
        features: Tensor = self.net((image + 1) / 2)
        return features


class DiscriminatorHead(nn.Sequential):
    """Features to logits of D(x), (n,)."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(features_of(width), 1), nn.Flatten(0))


class RecognitionHead(nn.Sequential):
    """Features to the parameters of Q(c|x), (n, parameters)."""

    def __init__(self, width: int, parameters: int, leak: float) -> None:
        units = 2 * width
        super().__init__(
            nn.Linear(features_of(width), units),
            nn.BatchNorm1d(units),
            nn.LeakyReLU(leak),
            nn.Linear(units, parameters),
        )


class InfoGenerator(Generator):
    """Latents of z and c -> two fully connected layers -> fractionally strided convolutions."""

    def __init__(self, latent_size: int, width: int, data: DataSpec) -> None:
        super().__init__()
        levels, units = pyramid(data, width)[::-1], features_of(width)
        layers: list[nn.Module] = [
            nn.Linear(latent_size, units),
            nn.BatchNorm1d(units),
            nn.ReLU(),
            nn.Linear(units, prod(levels[0])),
            nn.BatchNorm1d(prod(levels[0])),
            nn.ReLU(),
            nn.Unflatten(1, levels[0]),
        ]
        for (i, small_h, small_w), (o, h, w) in pairwise(levels):
            odd = (h - 2 * small_h, w - 2 * small_w)
            layers += [
                nn.ConvTranspose2d(i, o, KERNEL, STRIDE, PADDING, output_padding=odd),
                nn.BatchNorm2d(o),
                nn.ReLU(),
            ]
        self.net = nn.Sequential(*layers[:-2], nn.Sigmoid())

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        image: Tensor = self.net(latent)
        return 2 * image - 1
