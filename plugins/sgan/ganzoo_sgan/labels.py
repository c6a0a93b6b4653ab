"""Which few images keep their labels."""

import torch
from torch import Tensor


def balanced_subset(label: Tensor, count: int, draw: int) -> Tensor:
    """Random samples, as many of each class as of any other as far as possible.

    Classes take turns, so that a class that is too small leaves its places to the others, and of
    one draw fewer labels are a part of more.

    Args:
        label: int64 (n,).
        count: how many to choose, at most n.
        draw: which of the possible choices.

    Returns:
        Their indices, int64 (count,).
    """
    label = label.cpu()
    order = torch.randperm(len(label), generator=torch.Generator().manual_seed(draw))
    turn = torch.empty_like(label)
    for k, size in enumerate(label.bincount().tolist()):
        turn[label[order] == k] = torch.arange(size)
    return order[turn.argsort(stable=True)[:count]]
