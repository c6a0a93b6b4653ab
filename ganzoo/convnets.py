"""Convolutional networks by the rules of Radford, Metz & Chintala 2016, section 3, for any size.

The paper's 64x64 network projects z to 4x4 and doubles that four times. Here the sides are halved,
rounding up, as long as the shorter one keeps 4 pixels, and the way back goes through the same
sizes: 28 -> 14 -> 7 -> 4, and 96x80 -> 48x40 -> 24x20 -> 12x10 -> 6x5.
"""

from itertools import pairwise
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from ganzoo.errors import GanzooError
from ganzoo.networks import Discriminator, Generator
from ganzoo.spec import DataSpec

KERNEL = 5
SMALLEST_MAP = 4
SMALLEST_IMAGE, LARGEST_IMAGE = 28, 128
SMALLEST_SIDES = range(4, 8)
"""Pixels that the shorter side may have of maps that are doubled to the very image."""


def check_images(variant: str, data: DataSpec) -> None:
    """See to it that the data are images that these networks are made for.

    Args:
        variant: its name, for the message.
        data: what it is to be trained on.

    Raises:
        GanzooError: they are points, or of another size.
    """
    if not data.is_image:
        raise GanzooError(f"{variant} needs images, and '{data.name}' has points: try vanilla")
    if not all(SMALLEST_IMAGE <= side <= LARGEST_IMAGE for side in data.shape[1:]):
        raise GanzooError(
            f"{variant} needs images of {SMALLEST_IMAGE} to {LARGEST_IMAGE} pixels a side, and "
            f"'{data.name}' has {data}: try --image-size 64"
        )


def pyramid(data: DataSpec, width: int) -> list[tuple[int, int, int]]:
    """(maps, height, width) of each layer, from the image down to the smallest maps."""
    maps, (channels, h, w) = width, data.shape
    levels = [(channels, h, w)]
    while min(h, w) >= 2 * SMALLEST_MAP - 1:
        h, w = -(-h // 2), -(-w // 2)
        levels.append((maps, h, w))
        maps *= 2
    return levels


def doubled_sides(
    variant: str, data: DataSpec, least: int = 0, most: int | None = None
) -> list[tuple[int, int]]:
    """(height, width) from the smallest maps, of 4 to 7 pixels, each twice the last, to the image.

    For networks that keep to these sizes: 28 is 7, 14, 28, and 96x80 is 6x5, 12x10, ... 96x80.

    Args:
        variant: its name, for the message.
        data: what it is to be trained on.
        least: how often maps must be doubled.
        most: how often they may be; None: any number of times.

    Raises:
        GanzooError: they are points, or the image is not such maps, doubled so often.
    """
    sides = [(data.shape[1], data.shape[2])] if data.is_image else [(0, 0)]
    while min(sides[0]) > max(SMALLEST_SIDES) and sides[0][0] % 2 == sides[0][1] % 2 == 0:
        height, width = sides[0]
        sides.insert(0, (height // 2, width // 2))
    doublings = len(sides) - 1
    if min(sides[0]) not in SMALLEST_SIDES or not least <= doublings <= (most or doublings):
        often = f"{least} to {most}" if most else f"{least} or more" if least else "any number of"
        raise GanzooError(
            f"{variant} needs images of {SMALLEST_SIDES[0]} to {SMALLEST_SIDES[-1]} pixels a side, "
            f"doubled {often} times, and '{data.name}' has {data}: try --image-size "
            f"{_nearest_doubled(data, least, most)}"
        )
    return sides


def _nearest_doubled(data: DataSpec, least: int, most: int | None) -> str:
    """The sizes nearest to that of the data that are small ones, doubled; in words."""
    times = range(least, (most or least + 8) + 1)
    sizes = sorted({side << doublings for side in SMALLEST_SIDES for doublings in times})
    side = min(data.shape[1:]) if data.is_image else 64
    below = [size for size in sizes if size <= side][-1:]
    return " or ".join(map(str, below + [size for size in sizes if size > side][:1]))


class ConvGenerator(Generator):
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


def make_trunk(width: int, data: DataSpec, *, batch_norm: bool = True) -> nn.Sequential:
    """x -> strided convolutions with BatchNorm and LeakyReLU 0.2 -> features (n, trunk_size)."""
    layers: list[nn.Module] = []
    for (i, _, _), (o, _, _) in pairwise(pyramid(data, width)):
        layers.append(nn.Conv2d(i, o, KERNEL, 2, KERNEL // 2))
        if batch_norm and len(layers) > 1:  # not on the input
            layers.append(nn.BatchNorm2d(o))
        layers.append(nn.LeakyReLU(0.2))
    return nn.Sequential(*layers, nn.Flatten())


def trunk_size(width: int, data: DataSpec) -> int:
    """How many features `make_trunk` makes of an image."""
    return prod(pyramid(data, width)[-1])


class ConvDiscriminator(Discriminator):
    """The trunk and one linear unit: images to logits (n,)."""

    def __init__(self, width: int, data: DataSpec, *, batch_norm: bool = True) -> None:
        super().__init__()
        trunk = make_trunk(width, data, batch_norm=batch_norm)
        self.net = nn.Sequential(*trunk, nn.Linear(trunk_size(width, data), 1), nn.Flatten(0))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        logits: Tensor = self.net(image)
        return logits


class ReflectionPad2d(nn.ReflectionPad2d):
    """As torch's, with a gradient that CUDA adds up in one order too: for runs that are exact."""

    def forward(self, input: Tensor) -> Tensor:
        """(n, maps, height, width) to the same, larger by the padding."""
        if not _adds_up_in_any_order(input):
            return super().forward(input)
        padded: Tensor = _Reflection.apply(input, self.padding)
        return padded


def _adds_up_in_any_order(image: Tensor) -> bool:
    return image.is_cuda and not torch.compiler.is_compiling()


class _Reflection(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        ctx.padding = padding
        return pad(image, padding, "reflect")

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        left, right, top, bottom = ctx.padding
        return _folded(_folded(grad, -1, left, right), -2, top, bottom), None


def _folded(grad: Tensor, dim: int, before: int, after: int) -> Tensor:
    """The gradient of an image, of that of its reflections in one dimension too."""
    size = grad.size(dim) - before - after
    inner = grad.narrow(dim, before, size).clone()
    inner.narrow(dim, 1, before).add_(grad.narrow(dim, 0, before).flip(dim))
    inner.narrow(dim, size - 1 - after, after).add_(
        grad.narrow(dim, before + size, after).flip(dim)
    )
    return inner
