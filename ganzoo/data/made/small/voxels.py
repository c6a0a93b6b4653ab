"""``voxels``: balls, boxes, cylinders and rings of any size and proportion, turned in any way."""

import torch
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made.drawing import SMALL, refuse_root, refuse_size, reproducibly, shuffled_labels
from ganzoo.data.made.small.fields import VOXELS
from ganzoo.spec import DataSpec

NAME = "voxels"
_CHUNK = 256  # shapes filled at once: what fits the cache (part of what a seed means)


def load(request: DataRequest) -> Dataset:
    """10,000 shapes to train on, 2,000 to test: ``volume`` of 0 and 255, and ``label``.

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    refuse_root(request, NAME)
    refuse_size(request, NAME, "volumes of 16x16x16 voxels")
    labels, generator = shuffled_labels(request, len(VOXELS[1].names), SMALL)
    volumes = torch.empty(len(labels), *VOXELS[0].shape, dtype=torch.uint8)
    with reproducibly():
        for chunk in torch.split(torch.arange(len(labels)), _CHUNK):
            volumes[chunk, 0] = fill(labels[chunk], volumes.shape[-1], generator)
    return Dataset(DataSpec((VOXELS,), NAME), {"volume": volumes, "label": labels})


def fill(labels: Tensor, side: int, generator: Generator) -> Tensor:
    """A shape for each label, uint8 (n, side, side, side), about the middle.

    Args:
        labels: int64 (n,), of the names in `VOXELS`.
        side: of the cube.
        generator: a CPU one, which is advanced.
    """
    n = len(labels)
    ticks = (torch.arange(side) + 0.5) * 2 / side - 1
    grid = torch.cartesian_prod(ticks, ticks, ticks)
    centre = 0.15 * (2 * torch.rand(n, 1, 3, generator=generator) - 1)
    x, y, z = ((grid - centre) @ _rotations(n, generator)).unbind(2)
    a, b, c = (0.35 + 0.3 * torch.rand(n, 3, 1, generator=generator)).unbind(1)
    around = torch.hypot(x, y)
    inside = torch.stack(
        (
            (x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 <= 1,
            (x.abs() <= 0.8 * a) & (y.abs() <= 0.8 * b) & (z.abs() <= 0.8 * c),
            (around <= 0.8 * a) & (z.abs() <= c),
            torch.hypot(around - (a + 0.1), z) <= 0.18 + 0.1 * (b - 0.35),
        )
    )
    chosen = inside[labels, torch.arange(n)]
    return (255 * chosen).to(torch.uint8).view(n, side, side, side)


def _rotations(n: int, generator: Generator) -> Tensor:
    """Of quaternions that point anywhere, (n, 3, 3)."""
    q = torch.randn(n, 4, generator=generator)
    w, x, y, z = (q / q.norm(dim=1, keepdim=True)).unbind(1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, 1) for row in rows], 1)
