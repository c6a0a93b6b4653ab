"""DCGAN (Radford, Metz & Chintala 2016): the architecture rules of section 3, for any image size.

The paper's 64x64 network projects z to 4x4 and doubles that four times. Here the sides are halved,
rounding up, as long as the shorter one keeps 4 pixels, and G goes back through the same sizes:
28 -> 14 -> 7 -> 4, and 96x80 -> 48x40 -> 24x20 -> 12x10 -> 6x5.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

from torch import Tensor, nn

from ganzoo import (
    Adversarial,
    AdversarialConfig,
    DataSpec,
    Discriminator,
    GanzooError,
    Generator,
    option,
)
from ganzoo.networks import PRIORS, init_normal

KERNEL = 5
SMALLEST_MAP = 4
SMALLEST_IMAGE, LARGEST_IMAGE = 28, 128


@dataclass(frozen=True)
class DCGANConfig(AdversarialConfig):
    """The game's settings and the width of both networks."""

    prior: str = option("uniform", "distribution of z: N(0, 1) or U(-1, 1)", choices=PRIORS)
    width: int = option(32, "feature maps next to the image, doubled at each halving", minimum=1)


def pyramid(data: DataSpec, width: int) -> list[tuple[int, int, int]]:
    """(maps, height, width) of each layer, from the image down to the smallest maps."""
    maps, (channels, h, w) = width, data.shape
    levels = [(channels, h, w)]
    while min(h, w) >= 2 * SMALLEST_MAP - 1:
        h, w = -(-h // 2), -(-w // 2)
        levels.append((maps, h, w))
        maps *= 2
    return levels


class DCGenerator(Generator):
    """z -> projection -> fractionally strided convolutions with BatchNorm and ReLU -> tanh."""

    def __init__(self, latent_dim: int, width: int, data: DataSpec) -> None:
        super().__init__()
        levels = pyramid(data, width)[::-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, prod(levels[0])),
            nn.Unflatten(1, levels[0]),
        ]
        for (i, small_h, small_w), (o, h, w) in pairwise(levels):
            # A stride of 2 makes 2s - 1 pixels of s; output padding adds the last of an even size.
            padding = (h - (2 * small_h - 1), w - (2 * small_w - 1))
            layers += [
                nn.BatchNorm2d(i),
                nn.ReLU(),
                nn.ConvTranspose2d(i, o, KERNEL, 2, KERNEL // 2, output_padding=padding),
            ]
        self.net = nn.Sequential(*layers, nn.Tanh())

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        image: Tensor = self.net(latent)
        return image


class DCDiscriminator(Discriminator):
    """x -> strided convolutions with BatchNorm and LeakyReLU 0.2 -> logits."""

    def __init__(self, width: int, data: DataSpec) -> None:
        super().__init__()
        levels = pyramid(data, width)
        layers: list[nn.Module] = []
        for (i, _, _), (o, _, _) in pairwise(levels):
            layers.append(nn.Conv2d(i, o, KERNEL, 2, KERNEL // 2))
            if len(layers) > 1:  # not on D's input
                layers.append(nn.BatchNorm2d(o))
            layers.append(nn.LeakyReLU(0.2))
        self.net = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(prod(levels[-1]), 1), nn.Flatten(0)
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        logits: Tensor = self.net(image)
        return logits


class DCGAN(Adversarial):
    """Both networks, initialised from N(0, 0.02)."""

    Config = DCGANConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 5628, "batch_size": 64}

    def __init__(self, config: DCGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        if not data.is_image:
            raise GanzooError(f"dcgan needs images, and '{data.name}' has points: try vanilla")
        if not all(SMALLEST_IMAGE <= side <= LARGEST_IMAGE for side in data.shape[1:]):
            raise GanzooError(
                f"dcgan needs images of {SMALLEST_IMAGE} to {LARGEST_IMAGE} pixels a side, and "
                f"'{data.name}' has {data}: try --image-size 64"
            )
        self.generator = DCGenerator(config.latent_dim, config.width, data)
        self.discriminator = DCDiscriminator(config.width, data)
        init_normal(self)
