"""StyleGAN2's discriminator (Karras et al. 2020, figure 7c): a residual net, or a plain one."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ganzoo import Discriminator
from ganzoo_stylegan.layers import BatchDeviation, EqualConv, EqualLinear, activated
from ganzoo_stylegan.resampling import LowPass


class Halving(nn.Module):
    """Two 3x3 convolutions, of which the second halves the size, and perhaps a shortcut.

    Args:
        inputs: maps.
        outputs: maps.
        residual: whether there is one; the sum of both ways is scaled by sqrt(1/2).
    """

    def __init__(self, inputs: int, outputs: int, *, residual: bool) -> None:
        super().__init__()
        self.first = EqualConv(inputs, inputs, 3)
        self.second = EqualConv(inputs, outputs, 3)
        self.shortcut = EqualConv(inputs, outputs, 1, bias=False) if residual else None
        self.low_pass = LowPass()

    def forward(self, maps: Tensor) -> Tensor:
        gain = 1.0 if self.shortcut is None else math.sqrt(1 / 2)
        found: Tensor = self.low_pass(activated(self.first(maps)), padding=2)
        found = activated(self.second(found, stride=2, padding=0), gain)
        if self.shortcut is None:
            return found
        kept: Tensor = self.shortcut(self.low_pass(maps, padding=1, stride=2))
        return found + gain * kept


class StyleDiscriminator(Discriminator):
    """Images (n, channels, height, width) to logits (n,).

    Args:
        widths: maps of each stage, from the image to the smallest.
        smallest: (height, width) of the smallest.
        channels: of the image.
        group: samples whose deviation is told.
        residual: whether blocks have shortcuts.
    """

    def __init__(
        self,
        widths: Sequence[int],
        smallest: tuple[int, int],
        channels: int,
        group: int,
        *,
        residual: bool,
    ) -> None:
        super().__init__()
        last = widths[-1]
        self.from_image = EqualConv(channels, widths[0], 1)
        self.blocks = nn.Sequential(
            *(Halving(width, after, residual=residual) for width, after in pairwise(widths))
        )
        self.deviation = BatchDeviation(group)
        self.conv = EqualConv(last + 1, last, 3)
        self.linear = EqualLinear(last * math.prod(smallest), last)
        self.verdict = EqualLinear(last, 1)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        maps = self.blocks(activated(self.from_image(image)))
        features = activated(self.conv(self.deviation(maps))).flatten(1)
        logits: Tensor = self.verdict(activated(self.linear(features)))
        return logits.squeeze(1)
