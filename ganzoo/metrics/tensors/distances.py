"""Distances between two sets of samples of any shape, which need no features and no labels."""

import math

import torch
from torch import Tensor

DIRECTIONS = 128
"""Lines that samples are projected on."""
ROWS = 500
"""Samples compared with all others at once."""


def sliced_wasserstein(
    samples: Tensor, real: Tensor, *, directions: int = DIRECTIONS, seed: int = 0
) -> float:
    """The mean 1-Wasserstein distance of the projections on random lines.

    Rabin et al. 2012, definition 2 (there of squares). Samples of one number have one line.
    https://doi.org/10.1007/978-3-642-24785-9_37

    Args:
        samples: (n, ...), any type.
        real: (m, ...), of the same shape but for m.
        directions: how many lines.
        seed: of the lines, which are uniform over all directions.

    Returns:
        At least 0, in units of the samples; lower is better.
    """
    one, other = (part.flatten(1).double() for part in (samples, real))
    if one.shape[1] == 1:
        lines = torch.ones(1, 1, dtype=torch.float64)
    else:
        generator = torch.Generator().manual_seed(seed)
        lines = torch.randn(one.shape[1], directions, dtype=torch.float64, generator=generator)
        lines /= lines.norm(dim=0)
    return _wasserstein((one @ lines).T, (other @ lines).T).mean().item()


def energy_distance(samples: Tensor, real: Tensor) -> float:
    """How much farther samples are from real ones than each are from their like.

    ``sqrt(2 E|X - Y| - E|X - X'| - E|Y - Y'|)``, Székely & Rizzo 2013, eq. 1, over all pairs, those
    of a sample with itself included. https://doi.org/10.1016/j.jspi.2013.03.018

    Args:
        samples: (n, ...), any type.
        real: (m, ...), of the same shape but for m.

    Returns:
        At least 0, and 0 only for equal distributions; lower is better.
    """
    one, other = (part.flatten(1).double() for part in (samples, real))
    squared = 2 * _mean_distance(one, other) - _mean_distance(one, one)
    return math.sqrt(max(0.0, squared - _mean_distance(other, other)))


def _wasserstein(first: Tensor, second: Tensor) -> Tensor:
    """Between numbers in rows, (k, n) and (k, m): the area between their distribution functions."""
    first, second = first.sort(1).values.contiguous(), second.sort(1).values.contiguous()
    merged = torch.cat((first, second), 1).sort(1).values
    steps, places = merged.diff(dim=1), merged[:, :-1].contiguous()
    below = [
        torch.searchsorted(part, places, right=True).double() / part.shape[1]
        for part in (first, second)
    ]
    return ((below[0] - below[1]).abs() * steps).sum(1)


def _mean_distance(first: Tensor, second: Tensor) -> float:
    """The mean Euclidean distance over all pairs of rows."""
    total = sum(torch.cdist(rows, second).sum().item() for rows in torch.split(first, ROWS))
    return total / (len(first) * len(second))
