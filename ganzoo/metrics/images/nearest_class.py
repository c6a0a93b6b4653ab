"""How well samples teach the classes: the measure of the DCGAN paper.

Each test image gets the label of the sample that is nearest to it (Radford et al. 2016, section
5.2, https://arxiv.org/abs/1511.06434: 1-NN by the Euclidean distance of pixels, 50,000 samples).
"""

import torch
from torch import Tensor

BLOCK = 2000
"""Images that teach at once."""


def nearest_error(images: Tensor, labels: Tensor, test: Tensor, truth: Tensor) -> float:
    """The share of test images whose nearest image has another label than theirs.

    Args:
        images: that teach, uint8 (n, ...).
        labels: theirs, int64 (n,).
        test: uint8 (m, ...).
        truth: int64 (m,).
    """
    queries = test.flatten(1).float() / 255
    best = torch.full((len(queries),), torch.inf)
    found = torch.zeros(len(queries), dtype=torch.int64)
    blocks = zip(torch.split(images, BLOCK), torch.split(labels, BLOCK), strict=True)
    for block, block_labels in blocks:
        pixels = block.flatten(1).float() / 255
        # The squared distance, but for the square of the query, which is the same for all.
        distance, index = (pixels.square().sum(1) - 2 * queries @ pixels.T).min(1)
        nearer = distance < best
        best[nearer], found[nearer] = distance[nearer], block_labels[index[nearer]]
    return (found != truth).double().mean().item()
