"""Whether a generator repeats its training images."""

import torch
from torch import Tensor

ROWS, BLOCK = 1000, 2048
"""Images and training images compared at once: 16 MB of distances."""


def nearest(images: Tensor, training: Tensor, count: int = 2) -> tuple[Tensor, Tensor]:
    """The training images that are nearest to each image, by Euclidean distance of the pixels.

    Args:
        images: uint8 (n, ...).
        training: uint8 (m, ...), m at least `count`.
        count: how many of them.

    Returns:
        (distances, indices), both (n, count) and nearest first: float64, in levels of 0 to 255,
        and exact, so that a copy is 0 away; int64.
    """
    distances, indices = [], []
    for rows in torch.split(images.flatten(1), ROWS):
        # Squared distances of pixels are whole numbers, which float64 holds and float32 does not.
        found = [
            torch.cdist(rows.double(), block.double()).topk(min(count, len(block)), largest=False)
            for block in torch.split(training.flatten(1), BLOCK)
        ]
        best = torch.cat([f.values for f in found], 1).topk(count, largest=False)
        candidates = torch.cat([f.indices + i * BLOCK for i, f in enumerate(found)], 1)
        distances.append(best.values)
        indices.append(candidates.gather(1, best.indices))
    return torch.cat(distances), torch.cat(indices)


def memorised(distances: Tensor) -> float:
    """The share of images that are `copies` of a training image: in [0, 1]; lower is better."""
    return copies(distances).double().mean().item()


def copies(distances: Tensor) -> Tensor:
    """Which images are copies of a training image: bool (n,).

    A copy is less than a third as far from its nearest training image as from the second nearest
    (Yoon et al. 2023; Gu et al. 2023, https://arxiv.org/abs/2310.02664), or is equal to a training
    image, even one that is there twice. A copy with changes of an image that is there twice cannot
    be told this way.

    Args:
        distances: (n, 2 or more), nearest first, as `nearest` returns them.
    """
    first, second = distances[:, 0], distances[:, 1]
    return (first < second / 3) | (first == 0)
