"""How wide the maps of each stage are, from the smallest to the image."""


def stage_widths(sides: list[tuple[int, int]], width: int, wide_to: int) -> list[int]:
    """The maps of each stage: `width` where they have up to `wide_to` pixels, then half at each."""
    widths: list[int] = []
    for side in sides:
        narrow = widths and min(side) > wide_to
        widths.append(max(1, widths[-1] // 2) if narrow else width)
    return widths
