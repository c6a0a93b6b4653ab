"""Pairs that are made on the spot of any set of images: ``--dataset NAME/TASK``.

The image is the target, and the source is made of it; a label stays beside both.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganzoo.artifacts.colour import luminance
from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError, unknown
from ganzoo.spec import DataSpec, Field

ROWS = 500
"""Images that sources are made of at once."""
CONTRAST = 0.04
"""Of black to white, by how much a pixel an edge must rise, after a slight blur."""

FINENESS = 1 << 16
"""Slopes that are told apart."""


@dataclass(frozen=True)
class Task:
    """What a translator is to learn of images."""

    source: Callable[[Tensor], Tensor]
    """Of images (n, channels, height, width) in [0, 1], which sources are made: (n, 1, ...)."""
    channels: tuple[int, ...]
    """That images may have."""
    doc: str
    """What is made of what, for the user."""


def edges(images: Tensor) -> Tensor:
    """Black lines of one pixel on white, where lightness changes most: Canny 1986, in short.

    A pixel is an edge where the slope is steeper than at both neighbours up and down the slope.
    """
    gray = luminance(images) if images.shape[1] == 3 else images
    blur, rise = gray.new_tensor([0.25, 0.5, 0.25]), gray.new_tensor([-0.5, 0.0, 0.5])
    smooth = _filtered(_filtered(gray, blur, 2), blur, 3)
    down, right = _filtered(smooth, rise, 2), _filtered(smooth, rise, 3)
    slope = ((down**2 + right**2).sqrt() * FINENESS).round()  # the same on any processor
    around = pad(slope, (1, 1, 1, 1))
    height, width = slope.shape[2:]

    def beside(y: int, x: int) -> Tensor:
        return around[:, :, 1 + y : 1 + y + height, 1 + x : 1 + x + width]

    # The slope points along an axis, or along one of the diagonals between them.
    flat, steep = down.abs() <= 0.414 * right.abs(), right.abs() <= 0.414 * down.abs()
    falling = down * right > 0
    ridge = torch.zeros_like(slope, dtype=torch.bool)
    for way, (y, x) in (
        (flat, (0, 1)),
        (steep, (1, 0)),
        (falling & ~flat & ~steep, (1, 1)),
        (~falling & ~flat & ~steep, (1, -1)),
    ):
        # Of two that are equally steep the second counts, so that a line is one pixel wide.
        ridge |= way & (slope >= beside(-y, -x)) & (slope > beside(y, x))
    return (~(ridge & (slope > CONTRAST * FINENESS))).to(images.dtype)


def _filtered(images: Tensor, weights: Tensor, dim: int) -> Tensor:
    """Filtered by three weights along height (2) or width (3); the last pixels go on outside."""
    shape, sides = ((1, 1, 3, 1), (0, 0, 1, 1)) if dim == 2 else ((1, 1, 1, 3), (1, 1, 0, 0))
    return conv2d(pad(images, sides, "replicate"), weights.view(shape))


TASKS = {
    "colourise": Task(luminance, (3,), "colours of a gray image of the same lightness"),
    "edges": Task(edges, (1, 3), "an image of its edges, black on white"),
}
"""By the name that ``--dataset NAME/TASK`` takes."""


def find_task(name: str) -> Task:
    """The task of that name.

    Raises:
        GanzooError: there is none.
    """
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]


def as_pairs(dataset: Dataset, name: str) -> Dataset:
    """The images of a data set as targets, with what a task makes of them as sources.

    Raises:
        GanzooError: there is no such task, or not for such images.
    """
    spec = pairs_of(dataset.spec, name)
    task, images = find_task(name), dataset.tensors[dataset.spec.sample.name]
    sources = [
        to_bytes(2 * task.source((to_floats(part) + 1) / 2) - 1)
        for part in torch.split(images, ROWS)
    ]
    labels = {name: dataset.tensors[name] for name in dataset.tensors if name in spec.fields}
    return Dataset(spec, {"source": torch.cat(sources), "target": images, **labels})


def pairs_of(data: DataSpec, name: str) -> DataSpec:
    """What a variant is told of such pairs.

    Raises:
        GanzooError: there is no such task, or not for such images.
    """
    task, (sample, *others) = find_task(name), data.groups[0]
    images = [field for field in data.groups[0] if field.kind == "image"]
    if data.domains > 1 or len(images) != 1 or not data.is_image:
        raise GanzooError(
            f"'{data.name}' is no single set of images, of which '/{name}' makes pairs: name one "
            "that `ganzoo datasets` lists, as in cifar10/edges"
        )
    if sample.shape[0] not in task.channels:
        wanted = " or ".join(map(str, task.channels))
        raise GanzooError(
            f"'/{name}' makes pairs of images of {wanted} channels, and '{data.name}' has "
            f"{sample.shape[0]}: name another set, or of files read them as --pixels rgb"
        )
    source = Field("source", "image", (1, *sample.shape[1:]))
    group = (source, replace(sample, name="target"), *others)
    return DataSpec((group,), f"{data.name}-{name}")
