"""The networks of Kim et al. 2017, for images of any size: theirs have four layers each way."""

from itertools import pairwise

from torch import Tensor, nn

from ganzoo.spec import DataSpec

LAYERS = 4
"""That halve, at most."""
SMALLEST_MAP = 3
"""Pixels a side that they leave, at least."""


def sides(data: DataSpec) -> list[tuple[int, int]]:
    """(height, width) of the image, and after each layer that halves it, rounding down."""
    _, height, width = data.shape
    found = [(height, width)]
    while len(found) <= LAYERS and min(found[-1]) // 2 >= SMALLEST_MAP:
        found.append((found[-1][0] // 2, found[-1][1] // 2))
    return found


def _halving(before: int, after: int, *, norm: bool) -> list[nn.Module]:
    """A 4x4 convolution of stride 2, and what follows."""
    norms = [nn.BatchNorm2d(after)] if norm else []
    return [nn.Conv2d(before, after, 4, 2, 1, bias=False), *norms, nn.LeakyReLU(0.2)]


def make_generator(width: int, data: DataSpec) -> nn.Sequential:
    """Halves an image up to four times, and doubles it again: images to images.

    Args:
        width: feature maps after the first layer, 64 in the paper, and twice as many after each.
        data: whose shape the images have, before and after.
    """
    channels, all_sides = data.shape[0], sides(data)
    count = len(all_sides) - 1
    maps = [width * 2**layer for layer in range(count)]
    layers = _halving(channels, width, norm=False)
    for before, after in pairwise(maps):
        layers += _halving(before, after, norm=True)
    for (before, after), (height, wide) in zip(
        pairwise([*maps[::-1], channels]), all_sides[-2::-1], strict=True
    ):
        odd = (height % 2, wide % 2)  # a row and a column more than twice as many
        up = nn.ConvTranspose2d(before, after, 4, 2, 1, output_padding=odd, bias=False)
        layers += [up, nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers[:-2], nn.Tanh())


class Discriminator(nn.Module):
    """Images to logits, and the features that are matched."""

    def __init__(self, width: int, data: DataSpec) -> None:
        """Have `width` maps after the first layer, and twice as many after each other one."""
        super().__init__()
        all_sides = sides(data)
        maps = [width * 2**layer for layer in range(len(all_sides) - 1)]
        self.first = nn.Sequential(*_halving(data.shape[0], width, norm=False))
        self.later = nn.ModuleList(
            nn.Sequential(*_halving(before, after, norm=True)) for before, after in pairwise(maps)
        )
        self.verdict = nn.Conv2d(maps[-1], 1, all_sides[-1], bias=False)

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Images to logits (n,), and the maps of all layers but the first."""
        maps, features = self.first(image), []
        for layer in self.later:
            maps = layer(maps)
            features.append(maps)
        return self.verdict(maps).flatten(), features
