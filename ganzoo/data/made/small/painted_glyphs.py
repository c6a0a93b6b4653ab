"""``painted-glyphs``: glyphs of which each is red, thick, slanted or boxed, or not.

The attributes are independent of each other and of the digit, and each holds for half of the
glyphs. An image follows from its glyph and its attributes alone, so that a changed attribute has
one right picture.
"""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs
from ganzoo.data.made.drawing import SMALL, refuse_root, shuffled_labels, stream
from ganzoo.data.made.small.fields import PAINTED_GLYPHS
from ganzoo.spec import DataSpec

NAME = "painted-glyphs"
RED = (255, 48, 48)
SLANT = 0.5
"""Pixels to the right for each pixel upwards."""


def load(request: DataRequest) -> Dataset:
    """10,000 glyphs to train on, 2,000 to test: ``image``, ``attributes`` and ``label``.

    Raises:
        GanzooError: as ``glyphs``.
    """
    refuse_root(request, NAME)
    size = glyphs.chosen_size(request)
    labels, generator = shuffled_labels(request, 10, SMALL)
    drawings = glyphs.draw(labels, size, generator)
    image, attributes, label = PAINTED_GLYPHS
    shape = (len(labels), len(attributes.names))
    chosen = torch.randint(2, shape, generator=stream(request, NAME), dtype=torch.uint8)
    tensors = {"image": paint(drawings, chosen), "attributes": chosen, "label": labels}
    fields = (replace(image, shape=(3, *size)), attributes, label)
    return Dataset(DataSpec((fields,), NAME), tensors)


def paint(drawings: Tensor, attributes: Tensor) -> Tensor:
    """Each glyph as its attributes say, uint8 (n, 3, height, width).

    Args:
        drawings: uint8 (n, 1, height, width), white on black.
        attributes: uint8 (n, 4) of 0 and 1, named as in `PAINTED_GLYPHS`.
    """
    red, thick, slanted, boxed = (
        column.bool().view(-1, 1, 1, 1) for column in attributes.unbind(1)
    )
    height, width = drawings.shape[2:]
    pen = 2 * round(min(height, width) / 28) + 1
    broad = max_pool2d(drawings.float(), pen, 1, pen // 2).to(torch.uint8)
    images = torch.where(thick, broad, drawings)
    images = torch.where(slanted, _slant(images), images)
    images = torch.where(boxed, torch.maximum(images, _box(height, width)), images)
    colour = torch.where(red, torch.tensor(RED).view(1, 3, 1, 1), 255)
    return (images.int() * colour).div(255, rounding_mode="floor").to(torch.uint8)


def _slant(images: Tensor) -> Tensor:
    """The rows moved, the upper ones to the right, the lower ones to the left."""
    height, width = images.shape[2:]
    up = (height - 1) / 2 - torch.arange(height)
    columns = torch.arange(width) - (SLANT * up).round().long()[:, None]
    outside = (columns < 0) | (columns >= width)
    moved = images.gather(3, columns.clamp(0, width - 1).expand(images.shape))
    return moved.masked_fill(outside, 0)


def _box(height: int, width: int) -> Tensor:
    """A frame along the border, uint8 (height, width)."""
    line = max(1, round(min(height, width) / 28))
    box = torch.full((height, width), 255, dtype=torch.uint8)
    box[line:-line, line:-line] = 0
    return box
