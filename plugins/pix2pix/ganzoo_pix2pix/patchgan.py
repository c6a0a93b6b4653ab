"""D: the PatchGAN of Isola et al. 2017, section 6.1.2, at one scale or at several."""

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo.networks.unet import Norm

LEAST = 3
"""Pixels that a side must keep after the layers of stride 2, as the last two take one each."""


def largest_depth(side: int) -> int:
    """The most layers of stride 2 that images with such a shorter side allow."""
    return max((layers for layers in range(1, 9) if side >> layers >= LEAST), default=0)


class PatchGAN(nn.Module):
    """C64-C128-C256-C512 and a verdict on each patch."""

    def __init__(self, channels: int, width: int, layers: int, norm: str) -> None:
        """Make the network.

        Args:
            channels: of source and target together.
            width: maps of the first layer, 64 in the paper; at most 8 times as many in the others.
            layers: of stride 2: 1, 2, 3, 4 and 5 judge patches of 16, 34, 70, 142 and 286 pixels a
                side, and 0 each pixel by itself (section 6.1.2 as well).
            norm: see `Norm`.
        """
        super().__init__()
        kernel, padding = (4, 1) if layers else (1, 0)
        strides = [2] * layers + [1] if layers else [1, 1]
        maps = [width * min(2**depth, 8) for depth in range(len(strides))]
        first = nn.Conv2d(channels, width, kernel, strides[0], padding)
        self.layers = nn.ModuleList([nn.Sequential(first, nn.LeakyReLU(0.2))])
        for depth in range(1, len(strides)):
            conv = nn.Conv2d(
                maps[depth - 1], maps[depth], kernel, strides[depth], padding, bias=False
            )
            self.layers.append(nn.Sequential(conv, Norm(maps[depth], norm), nn.LeakyReLU(0.2)))
        self.layers.append(nn.Conv2d(maps[-1], 1, kernel, 1, padding))

    def forward(self, pair: Tensor) -> list[Tensor]:
        """What each layer makes of (n, channels, height, width); last the logits, (n, 1, ...)."""
        seen = []
        for layer in self.layers:
            pair = layer(pair)
            seen.append(pair)
        return seen


class MultiScale(nn.Module):
    """As many PatchGANs, each of which sees images half as large as the one before (pix2pixHD)."""

    def __init__(self, channels: int, width: int, layers: int, norm: str, scales: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(PatchGAN(channels, width, layers, norm) for _ in range(scales))

    def forward(self, pair: Tensor) -> list[list[Tensor]]:
        """By scale, what `PatchGAN` says of (n, channels, height, width)."""
        seen = []
        for scale, judge in enumerate(self.scales):
            if scale:
                pair = avg_pool2d(pair, 3, 2, 1, count_include_pad=False)
            seen.append(judge(pair))
        return seen
