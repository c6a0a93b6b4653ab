"""A picture of samples above the training images that are most like them."""

from pathlib import Path

import torch

from ganzoo.artifacts.files import replacing
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.artifacts.pictures import grid, to_pil, visible
from ganzoo.metrics.images.images import Images

GAP = 8
"""White pixels between the two halves."""


def draw_nearest(images: Images, path: Path) -> None:
    """Write a PNG of six rows: samples, and below each its two nearest training images.

    The upper half shows the samples that are most like copies, the lower half the first ones.

    Raises:
        OSError: it cannot be written.
    """
    distances, indices = images.nearest
    suspicion = distances[:, 0] / distances[:, 1].clamp(min=1e-9)
    halves = []
    for chosen in (suspicion.argsort()[:COLUMNS], torch.arange(min(COLUMNS, len(images)))):
        first, second = images.training[indices[chosen]].unbind(1)
        rows = torch.cat((images.pixels[chosen], first, second))
        halves.append(grid(visible(rows), len(chosen)))
    gap = torch.full_like(halves[0][:, :GAP], 255)
    with replacing(path) as temporary:
        to_pil(torch.cat((halves[0], gap, halves[1]), 1)).save(temporary)
