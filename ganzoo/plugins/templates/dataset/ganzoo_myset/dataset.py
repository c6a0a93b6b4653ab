"""Discs, squares and diamonds of random size and place, drawn when they are asked for."""

import torch
from torch import Tensor

from ganzoo import DataRequest, Dataset, GanzooError

CLASSES = ("disc", "square", "diamond")
SAMPLES = {"train": 10_000, "test": 2_000}


def load(request: DataRequest) -> Dataset:
    """The shapes of one split, 1x28x28 unless another size is asked for.

    Raises:
        GanzooError: what is asked for does not exist; the message says what to do.
    """
    if request.split not in SAMPLES:
        raise GanzooError(f"there is no split '{request.split}': choose train or test")
    if request.root is not None:
        raise GanzooError("myset is drawn, not read: leave out --data-root")
    height, width = request.image_size or (28, 28)
    samples = SAMPLES[request.split]
    # Each seed and each split draws its own numbers, so no test image is in the training set.
    generator = torch.Generator().manual_seed(2 * request.seed + (request.split == "test"))
    label = torch.randperm(samples, generator=generator) % len(CLASSES)
    places = torch.rand(samples, 3, generator=generator)
    image = torch.empty(samples, 1, height, width, dtype=torch.uint8)
    for shape, place, drawing in zip(label.tolist(), places, image, strict=True):
        drawing[0] = draw(CLASSES[shape], place, height, width)
    return Dataset.images("myset", image, label, CLASSES)


def draw(shape: str, place: Tensor, height: int, width: int) -> Tensor:
    """One white shape on black, uint8 (height, width), with an edge that is one pixel soft.

    Args:
        shape: one of `CLASSES`.
        place: (3,) in [0, 1]: its place from top to bottom, from left to right, and its size.
        height: of the image, in pixels.
        width: likewise.
    """
    side = min(height, width)
    radius = side * (0.15 + 0.2 * place[2])
    y = (torch.arange(height) + 0.5 - radius - place[0] * (height - 2 * radius)).abs()
    x = (torch.arange(width) + 0.5 - radius - place[1] * (width - 2 * radius)).abs()
    y, x = torch.meshgrid(y, x, indexing="ij")
    match shape:
        case "disc":
            distance = torch.hypot(x, y)
        case "square":
            distance = torch.maximum(x, y) * 1.2
        case _:
            distance = x + y
    return (255 * (radius - distance + 0.5).clamp(0, 1)).round().to(torch.uint8)
