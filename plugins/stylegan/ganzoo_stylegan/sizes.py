"""How large and how wide the maps of each stage are, from the smallest to the image."""

from ganzoo import DataSpec, GanzooError

SMALLEST = range(4, 8)
"""Pixels that the shorter side of the smallest maps may have; the authors' have 4."""


def halved(variant: str, data: DataSpec) -> list[tuple[int, int]]:
    """(height, width) of the maps of each stage, from the smallest, of 4 to 7 pixels, to the image.

    Args:
        variant: whose images they are, for the user.
        data: of images.

    Raises:
        GanzooError: the image is not such maps, doubled a number of times.
    """
    height, width = data.shape[1:]
    sides = [(height, width)]
    while min(height, width) > max(SMALLEST) and height % 2 == width % 2 == 0:
        height, width = height // 2, width // 2
        sides.insert(0, (height, width))
    if min(height, width) not in SMALLEST:
        raise GanzooError(
            f"{variant} needs images of {SMALLEST[0]} to {SMALLEST[-1]} pixels a side, doubled any "
            f"number of times, and '{data.name}' has {data}: try --image-size 32 or 64"
        )
    return sides


def stage_widths(sides: list[tuple[int, int]], width: int, wide_to: int) -> list[int]:
    """The maps of each stage: `width` where they have up to `wide_to` pixels, then half at each."""
    widths: list[int] = []
    for side in sides:
        narrow = widths and min(side) > wide_to
        widths.append(max(1, widths[-1] // 2) if narrow else width)
    return widths
