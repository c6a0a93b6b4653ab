"""How wide and how deep both ResNets are, by the size of the images."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = 3
"""Doublings up to which networks are those for CIFAR-10, equally wide at every size."""
WIDEST = 16
"""Times the maps next to the image that networks for larger images have at most."""
TAPERED_TO = 8
"""The same of tapered networks."""


@dataclass(frozen=True)
class Design:
    """The channels of both, and where they halve."""

    generator: tuple[int, ...]
    """Of the smallest maps, and then of what each block makes."""
    discriminator: tuple[int, ...]
    """Of what each block makes."""
    halvings: int
    """Blocks of D that halve the size; the others, which come last, leave it."""
    wide: bool
    """Whether D's blocks have as many channels inside as they make; else as they get."""
    bias: bool
    """Whether D's last layer has one."""


def tapered(doublings: int, generator_width: int, width: int) -> Design:
    """Networks that are wider where maps are smaller, at any size: cheaper ones, of no paper."""
    times = [min(TAPERED_TO, 2**i) for i in range(doublings + 1)]
    generator = tuple(generator_width * factor for factor in reversed(times))
    discriminator = tuple(width * factor for factor in times)
    return Design(generator, discriminator, doublings, wide=False, bias=True)


def miyato(doublings: int, generator_width: int, width: int) -> Design:
    """The networks of Miyato et al. 2018: for CIFAR-10, for ImageNet at 64 pixels, and at 128.

    Args:
        doublings: from G's smallest maps to the image.
        generator_width: channels next to the image, of G.
        width: of D.
    """
    if doublings == SMALL + 1:
        generator = tuple(generator_width * 2**i for i in range(doublings, -1, -1))
        discriminator = tuple(width * 2**i for i in range(doublings + 1))
        return Design(generator, discriminator, doublings + 1, wide=False, bias=True)
    found = brock(doublings, generator_width, width)
    large = doublings > SMALL
    return Design(found.generator, found.discriminator, found.halvings, wide=False, bias=large)


def brock(doublings: int, generator_width: int, width: int) -> Design:
    """Those of Brock et al. 2019 for CIFAR-10 and for ImageNet at 64 and 128 pixels.

    At 128 pixels they are also those of Zhang et al. 2019.
    """
    if doublings <= SMALL:
        generator = (generator_width,) * (doublings + 1)
        return Design(generator, (width,) * 4, min(2, doublings), wide=True, bias=True)
    widths = [min(WIDEST, 2**i) for i in range(doublings + 1)]
    generator = tuple(generator_width * times for times in (widths[-2], *widths[-2::-1]))
    discriminator = tuple(width * times for times in widths)
    return Design(generator, discriminator, doublings, wide=True, bias=True)
