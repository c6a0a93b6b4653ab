"""The networks of Pathak et al. 2016, figure 9, for images of 4 to 7 pixels, doubled.

All are N(0, 0.02) at first. G makes the whole image, of which what was missing is taken.
"""

from itertools import pairwise

from torch import Tensor, nn

from ganzoo.spec import DataSpec

MOST = 8
"""Maps on the smallest layers, times the width."""


def maps_of(layers: int, width: int) -> list[int]:
    """Of each layer that halves the sides: 64, 128, 256 and 512, as in the paper."""
    return [width * min(MOST, 2**layer) for layer in range(layers)]


def make_generator(
    width: int, bottleneck: int, data: DataSpec, sides: list[tuple[int, int]]
) -> nn.Sequential:
    """Images with a hole to whole ones, (n, channels, height, width) in [-1, 1].

    Args:
        width: maps next to the image, 64 in the paper.
        bottleneck: numbers through which all passes, 4000 in the paper.
        data: what images are like.
        sides: (height, width) of the smallest maps, and of all twice as large, to the image.
    """
    channels, maps = data.shape[0], maps_of(len(sides) - 1, width)
    down: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for inner, outer in pairwise(maps):
        down += [
            nn.Conv2d(inner, outer, 4, 2, 1, bias=False),
            nn.BatchNorm2d(outer),
            nn.LeakyReLU(0.2),
        ]
    down += [
        nn.Conv2d(maps[-1], bottleneck, sides[0], bias=False),
        nn.BatchNorm2d(bottleneck),
        nn.LeakyReLU(0.2),
    ]
    up: list[nn.Module] = [
        nn.ConvTranspose2d(bottleneck, maps[-1], sides[0], bias=False),
        nn.BatchNorm2d(maps[-1]),
        nn.ReLU(),
    ]
    for inner, outer in pairwise(maps[::-1]):
        up += [
            nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
            nn.BatchNorm2d(outer),
            nn.ReLU(),
        ]
    return nn.Sequential(*down, *up, nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh())


class Judge(nn.Module):
    """D: images, or the part of them that was made, to logits (n,)."""

    def __init__(self, width: int, data: DataSpec, sides: list[tuple[int, int]]) -> None:
        """The sides are those of what it sees, the smallest maps first."""
        super().__init__()
        maps = maps_of(len(sides) - 1, width)
        layers: list[nn.Module] = [nn.Conv2d(data.shape[0], width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inner, outer in pairwise(maps):
            layers += [
                nn.Conv2d(inner, outer, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outer),
                nn.LeakyReLU(0.2),
            ]
        self.net = nn.Sequential(*layers, nn.Conv2d(maps[-1], 1, sides[0]))

    def forward(self, image: Tensor) -> Tensor:
        """(n, channels, height, width) to (n,)."""
        logits: Tensor = self.net(image).flatten()
        return logits
