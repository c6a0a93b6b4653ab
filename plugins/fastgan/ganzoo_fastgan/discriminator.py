"""FastGAN's D (Liu et al. 2021, section 3.2): an encoder, with decoders that see what it sees."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo import Discriminator
from ganzoo_fastgan.layers import GLU, Conv, Excitation
from ganzoo_fastgan.sizes import Sizes

SLOPE = 0.2
HEAD = 4
"""Pixels a side of what each logit sees of the last maps."""


class Down(nn.Module):
    """Maps of half the size, by two convolutions, and beside them by an average and one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(*halving(inputs, outputs), *normed(Conv(outputs, outputs, 3)))
        self.direct = nn.Sequential(nn.AvgPool2d(2), *normed(Conv(inputs, outputs, 1)))

    def forward(self, maps: Tensor) -> Tensor:
        found: Tensor = (self.main(maps) + self.direct(maps)) / 2
        return found


def normed(conv: Conv) -> list[nn.Module]:
    """A convolution, BatchNorm, LeakyReLU."""
    return [conv, nn.BatchNorm2d(conv.out_channels), nn.LeakyReLU(SLOPE)]


def halving(inputs: int, outputs: int) -> list[nn.Module]:
    """Layers to maps of half the size."""
    return normed(Conv(inputs, outputs, 4, 2))


class Decoder(nn.Module):
    """Maps to a small image, of which D shows by it that it has not lost it."""

    def __init__(self, inputs: int, sizes: Sizes) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([inputs, *sizes.decoded]):
            layers += [nn.Upsample(scale_factor=2), Conv(before, 2 * after, 3)]
            layers += [nn.BatchNorm2d(2 * after), GLU()]
        self.net = nn.Sequential(*layers, Conv(sizes.decoded[-1], sizes.channels, 3), nn.Tanh())

    def forward(self, maps: Tensor) -> Tensor:
        image: Tensor = self.net(maps)
        return image


class Seen(NamedTuple):
    """What D finds in images."""

    logits: Tensor
    """(n, places): a verdict on each of many places of both images."""
    last: Tensor
    """The last maps, of the whole image."""
    before: Tensor
    """Those before, of twice the size."""
    small: Tensor
    """The last maps of the smaller image, of the size of `last`."""


class FastDiscriminator(Discriminator):
    """Images, and the same ones smaller, to logits, and back to images."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.ratio = sizes.ratio
        seen, channels, stem = sizes.seen, sizes.channels, sizes.stem
        self.stem = nn.Sequential(*_stem(channels, stem, sizes.halved_before))
        self.downs = nn.ModuleList(Down(before, after) for before, after in pairwise(seen))
        self.links = sizes.seen_links
        self.excitations = nn.ModuleDict(
            {
                str(low): Excitation(seen[high], seen[low], sizes.smallest)
                for low, high in self.links.items()
            }
        )
        self.verdict = nn.Sequential(
            *normed(Conv(seen[-1], 2 * seen[-1], 1)), Conv(2 * seen[-1], 1, HEAD), nn.Flatten()
        )
        inner = seen[1:-1]
        self.small = nn.Sequential(
            Conv(channels, inner[0], 4, 2),
            nn.LeakyReLU(SLOPE),
            *(layer for before, after in pairwise(inner) for layer in halving(before, after)),
        )
        self.small_verdict = nn.Sequential(Conv(inner[-1], 1, HEAD), nn.Flatten())
        self.decode_last = Decoder(seen[-1], sizes)
        self.decode_part = Decoder(seen[-2], sizes)
        self.decode_small = Decoder(inner[-1], sizes)

    def look(self, image: Tensor, small: Tensor) -> Seen:
        """At images (n, ...), and smaller ones, as G makes them or as `shrunk` by D."""
        maps = [self.stem(image)]
        for number, down in enumerate(self.downs, 1):
            lower = down(maps[-1])
            if number in self.links:
                lower = self.excitations[str(number)](maps[self.links[number]], lower)
            maps.append(lower)
        verdict, found = self.verdict(maps[-1]), self.small(small)
        logits = torch.cat([verdict, self.small_verdict(found)], dim=1)
        return Seen(logits, maps[-1], maps[-2], found)

    def shrunk(self, image: Tensor) -> Tensor:
        """The image in the size of the smaller one: every so manyth pixel."""
        return image[:, :, :: self.ratio, :: self.ratio]

    def decoded(self, seen: Seen, quarter: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What D has seen as images of the smaller size: the whole, the smaller one, a quarter.

        Args:
            seen: of n images.
            quarter: int64 (1,), below 4: which one.
        """
        part = quarters(seen.before).index_select(0, quarter)[0]
        return self.decode_last(seen.last), self.decode_small(seen.small), self.decode_part(part)

    def wanted(self, image: Tensor, quarter: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `decoded` should be."""
        part = quarters(image).index_select(0, quarter)[0]
        step, small = self.ratio // 2, self.shrunk(image)
        return small, small, part[:, :, ::step, ::step]

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        return self.look(image, self.shrunk(image)).logits


def quarters(maps: Tensor) -> Tensor:
    """Top left, top right, bottom left, bottom right: (4, n, channels, height / 2, width / 2)."""
    n, channels, height, width = maps.shape
    cut = maps.reshape(n, channels, 2, height // 2, 2, width // 2)
    return cut.permute(2, 4, 0, 1, 3, 5).flatten(0, 1)


def _stem(channels: int, widths: list[int], halvings: int) -> list[nn.Module]:
    if not halvings:
        return [Conv(channels, widths[0], 3), nn.LeakyReLU(SLOPE)]
    first: list[nn.Module] = [Conv(channels, widths[0], 4, 2), nn.LeakyReLU(SLOPE)]
    return first + [layer for before, after in pairwise(widths) for layer in halving(before, after)]
