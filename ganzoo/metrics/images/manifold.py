"""Fidelity and diversity told apart, by balls around each sample that reach its k-th neighbour.

A ball's radius is the distance to the k-th nearest of the other samples of the same set, and its
surface belongs to it: with features of few values, whole balls are one point.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

ROWS = 1000
"""Samples compared with all others at once: with 10,000 of them, 80 MB of distances."""
ROUNDING = 1e-6
"""By which a distance may be wrong, relative to the features' norms."""


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """Shares of the fakes among the real samples, and of the real samples among the fakes.

    Kynkäänniemi et al. 2019, eqs. 1 and 2 (https://arxiv.org/abs/1904.06991). Precision falls where
    fakes look like nothing real, recall where they lack something that is real.

    Args:
        real: features, (n, d), n larger than k.
        fake: features, (m, d), m larger than k.
        k: which neighbour a ball reaches.

    Returns:
        (precision, recall), both in [0, 1], higher is better.
    """
    return _share_inside(fake, real, k), _share_inside(real, fake, k)


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """How many real balls a fake lies in, over k, and the share of real balls that hold a fake.

    Naeem et al. 2020, section 3 (https://arxiv.org/abs/2002.09797). Unlike recall, coverage does
    not rise with a few fakes far away, whose balls are large. Of a generator that cannot be told
    from the data, the expected density is 1, and the expected coverage of n real by m fakes (n-1)!
    (m+n-k-1)! / ((n-k-1)! (m+n-1)!) less than 1: about 1 - 1/2^k where m is n.

    Args:
        real: features, (n, d), n larger than k.
        fake: features, (m, d).
        k: which neighbour a ball reaches.

    Returns:
        (density, coverage): density from 0 and not bounded, coverage in [0, 1], higher is better.
    """
    balls = 0
    covered = torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for inside in _inside(fake, real, k):
        balls += int(inside.sum())
        covered |= inside.any(0)
    return balls / (k * len(fake)), covered.double().mean().item()


def _share_inside(points: Tensor, centres: Tensor, k: int) -> float:
    """Which share of the points lies in at least one of the balls."""
    return (
        torch.cat([inside.any(1) for inside in _inside(points, centres, k)]).double().mean().item()
    )


def _inside(points: Tensor, centres: Tensor, k: int) -> Iterator[Tensor]:
    """Whether each point lies in each centre's ball, (points, centres), some points at a time."""
    middle = centres.double().mean(0)
    points, centres = points.double() - middle, centres.double() - middle
    radii = torch.cat(
        [
            # the nearest is the sample itself
            torch.cdist(rows, centres).topk(k + 1, largest=False).values[:, -1]
            for rows in torch.split(centres, ROWS)
        ]
    )
    # Distances come from products of matrices, so that those of equal samples are not quite 0.
    radii += ROUNDING * torch.linalg.vector_norm(centres, dim=1).mean()
    for rows in torch.split(points, ROWS):
        yield torch.cdist(rows, centres) <= radii
