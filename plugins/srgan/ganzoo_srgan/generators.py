"""The generators of both papers, as BasicSR has them: no norm, so that every tile can be exact.

SRResNet is "modified" there: residual blocks without BatchNorm, ReLU for PReLU, and what is learned
is added to the small image, enlarged bilinearly.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

DENSE = 5
"""Convolutions of a dense block."""
SHARE = 0.2
"""β: how much of what a block has learned is added (Wang et al. 2018, section 3.1)."""


def doublings(factor: int) -> list[int]:
    """By how much each step enlarges: 4 is 2 and 2, and 3 is 3."""
    steps = []
    while factor % 2 == 0:
        steps.append(2)
        factor //= 2
    return [*steps, factor] if factor > 1 else steps


def conv(inner: int, outer: int) -> nn.Conv2d:
    """3x3, and as large as before."""
    return nn.Conv2d(inner, outer, 3, padding=1)


@torch.no_grad()
def init_small(module: nn.Module) -> None:
    """He et al. 2015, a tenth of it, and no bias (Wang et al. 2018, section 3.1)."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight).mul_(0.1)
            assert layer.bias is not None
            layer.bias.zero_()


class ResidualBlock(nn.Module):
    """Two convolutions, and a way around them."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.net = nn.Sequential(conv(maps, maps), nn.ReLU(), conv(maps, maps))

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        changed: Tensor = features + self.net(features)
        return changed


class SRResNet(nn.Module):
    """Ledig et al. 2017, figure 4, without BatchNorm."""

    def __init__(self, channels: int, factor: int, width: int, blocks: int) -> None:
        super().__init__()
        self.factor = factor
        self.first = nn.Sequential(conv(channels, width), nn.LeakyReLU(0.1))
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.larger = nn.Sequential(
            *(
                layer
                for step in doublings(factor)
                for layer in (
                    conv(width, width * step**2),
                    nn.PixelShuffle(step),  # Shi et al. 2016
                    nn.LeakyReLU(0.1),
                )
            )
        )
        self.last = nn.Sequential(conv(width, width), nn.LeakyReLU(0.1), conv(width, channels))
        init_small(self)

    def forward(self, small: Tensor) -> Tensor:
        """(n, channels, height, width) to `factor` times as high and wide ones."""
        learned: Tensor = self.last(self.larger(self.body(self.first(small))))
        return learned + interpolate(small, scale_factor=self.factor, mode="bilinear")

    @property
    def reach(self) -> int:
        """How many pixels of the small image lie between a pixel and the last that decides it."""
        return 1 + 2 * len(self.body) + len(doublings(self.factor)) + 2


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees what all before it have made."""

    def __init__(self, maps: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            conv(maps + number * growth, growth if number < DENSE - 1 else maps)
            for number in range(DENSE)
        )
        self.relu = nn.LeakyReLU(0.2)
        init_small(self)

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        *before, last = self.convs
        seen = [features]
        for layer in before:
            seen.append(self.relu(layer(torch.cat(seen, 1))))
        changed: Tensor = features + SHARE * last(torch.cat(seen, 1))
        return changed


class RRDB(nn.Module):
    """Residual in residual dense block: three dense blocks, and a way around them."""

    def __init__(self, maps: int, growth: int) -> None:
        super().__init__()
        self.net = nn.Sequential(*(DenseBlock(maps, growth) for _ in range(3)))

    def forward(self, features: Tensor) -> Tensor:
        """(n, maps, height, width) to the same."""
        changed: Tensor = features + SHARE * self.net(features)
        return changed


class RRDBNet(nn.Module):
    """Wang et al. 2018, section 3.1; dense blocks grow by half of the width."""

    def __init__(self, channels: int, factor: int, width: int, blocks: int) -> None:
        super().__init__()
        self.factor = factor
        self.first = conv(channels, width)
        trunk = [RRDB(width, max(1, width // 2)) for _ in range(blocks)]
        self.body = nn.Sequential(*trunk, conv(width, width))
        self.larger = nn.Sequential(
            *(
                layer
                for step in doublings(factor)
                for layer in (nn.Upsample(scale_factor=step), conv(width, width), nn.LeakyReLU(0.2))
            )
        )
        self.last = nn.Sequential(conv(width, width), nn.LeakyReLU(0.2), conv(width, channels))

    def forward(self, small: Tensor) -> Tensor:
        """(n, channels, height, width) to `factor` times as high and wide ones."""
        first = self.first(small)
        enlarged: Tensor = self.last(self.larger(first + self.body(first)))
        return enlarged

    @property
    def reach(self) -> int:
        """How many pixels of the small image lie between a pixel and the last that decides it."""
        blocks = len(self.body) - 1
        return 1 + 3 * DENSE * blocks + 1 + len(doublings(self.factor)) + 2
