"""How different samples are from each other, where 1 is the data."""

from __future__ import annotations

import torch
from torch import Tensor

COMPARED = 256
"""Samples whose distances are taken."""


def diversity(samples: Tensor, real: Tensor) -> float | None:
    """How far samples are from each other, relative to the data: 0 if they are all the same.

    Args:
        samples: (n, ...) of any range.
        real: (m, ...) of the data, in the same range; the first `COMPARED` of both are taken.

    Returns:
        The ratio of the mean Euclidean distances between two; None where they are no samples of the
        same kind, or too few.
    """
    if samples.shape[1:] != real.shape[1:] or min(len(samples), len(real)) < 2:
        return None
    return _ratio([(samples, real)])


def in_classes(samples: Tensor, labels: Tensor, real: Tensor, real_labels: Tensor) -> float | None:
    """The same of samples of one class: 0 if they differ by their class alone, whatever z is.

    Args:
        samples: see `diversity`.
        labels: the class of each sample, int64 (n,).
        real: see `diversity`.
        real_labels: likewise, (m,).

    Returns:
        The ratio of the mean distances within a class, over the classes of which there are two of
        both; None where there is no such class, or they are no samples of the same kind.
    """
    if samples.shape[1:] != real.shape[1:]:
        return None
    labels, real_labels = labels.cpu(), real_labels.cpu()
    classes = [
        (samples[labels == label], real[real_labels == label]) for label in {*labels.tolist()}
    ]
    return _ratio([pair for pair in classes if min(map(len, pair)) >= 2])


def _ratio(pairs: list[tuple[Tensor, Tensor]]) -> float | None:
    """Of the sums of the mean distances, on both sides of these pairs."""
    apart = [sum(_distance(tensor) for tensor in side) for side in zip(*pairs, strict=True)]
    return apart[0] / apart[1] if apart and apart[1] > 0 else None


def _distance(tensor: Tensor) -> float:
    """Of two by the mean."""
    distance: float = (
        torch.pdist(tensor[:COMPARED].detach().cpu().double().flatten(1)).mean().item()
    )
    return distance
