"""The training images that images are most like, however they were mirrored, moved or coloured.

What is compared are features that were made for it: the middle of an image, small, every channel
without its level and the whole without its contrast. A mirrored or brightened copy has those of its
original, and one that was moved has them beside its middle. The features of a network that tells
what is shown do not: they tell images apart that have a little noise.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo.metrics.images.memory import ROWS

SIDE = 64
"""Pixels of the longer side at which images are compared, at most."""
REACH = 2
"""Of these pixels, by which a copy may be moved in either direction."""
ENOUGH = 16
"""Pixels a side, from which on middles are halved, against noise and moves by parts of a pixel."""
SAME = 0.02
"""The distance of images that are the same but for rounding: a correlation of 0.9998."""


def nearest_changed(images: Tensor, training: Tensor, count: int = 2) -> tuple[Tensor, Tensor]:
    """The training images that are nearest to each image, mirrored or moved as is best.

    The distance of two is √(2 - 2ρ), where ρ is the correlation of their middles: 0 where one is
    the other but for its levels and its contrast, about 1.4 where they have nothing in common.

    Args:
        images: uint8 (n, channels, height, width).
        training: uint8 (m, channels, height, width), m at least `count`.
        count: how many of them.

    Returns:
        (distances, indices), both (n, count) and nearest first: float32, 0 where an image is the
        `SAME`; int64.
    """
    small = _small(training)
    reach = [min(REACH, side // 8) for side in small.shape[-2:]]
    originals = _features(_moved(small, reach, 0, 0)).T
    found = []
    for rows in torch.split(images, ROWS):
        alike = torch.full((len(rows), len(training)), -1.0)
        for features in _all_features(_small(rows), reach):
            torch.maximum(alike, features @ originals, out=alike)
        found.append(alike.topk(count))
    distances = (2 - 2 * torch.cat([one.values for one in found])).clamp_min(0).sqrt()
    distances[distances < SAME] = 0
    return distances, torch.cat([one.indices for one in found])


def _all_features(small: Tensor, reach: list[int]) -> Iterator[Tensor]:
    """Of images as they are and mirrored, moved in all ways."""
    height, width = reach
    for image in (small, small.flip(-1)):
        for down in range(-height, height + 1):
            for right in range(-width, width + 1):
                yield _features(_moved(image, reach, down, right))


def _small(images: Tensor) -> Tensor:
    """float32, by whole pixels smaller, so that a move by pixels remains one."""
    times = -(-max(images.shape[-2:]) // SIDE)
    fitting = [min(times, side) for side in images.shape[-2:]]
    return avg_pool2d(images.float(), fitting)


def _moved(small: Tensor, reach: list[int], down: int, right: int) -> Tensor:
    """The middles of images that were moved by so much."""
    (y, x), (height, width) = reach, small.shape[-2:]
    return small[..., y + down : height - y + down, x + right : width - x + right]


def _features(middles: Tensor) -> Tensor:
    """(n, d) of length 1; 0, where there is less contrast than rounding makes."""
    while min(middles.shape[-2:]) >= ENOUGH:
        middles = avg_pool2d(middles, 2)
    flat = (middles - middles.mean((2, 3), keepdim=True)).flatten(1)
    length = flat.norm(dim=1, keepdim=True)
    return torch.where(length < flat.shape[1] ** 0.5, 0.0, flat / length.clamp_min(1e-6))
