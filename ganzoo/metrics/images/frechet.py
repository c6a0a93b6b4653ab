"""The Fréchet distance of two sets of features; of Inception's features it is called FID."""

import math

import torch
from torch import Tensor


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Squared Fréchet (2-Wasserstein) distance of the Gaussians that have the features' moments.

    ``|m - n|² + tr(A + B - 2 (A B)^½)`` with the means m and n and the unbiased covariances A and
    B: Heusel et al. 2017, eq. 6 (https://arxiv.org/abs/1706.08500). It is biased: the fewer the
    samples, the larger the distance, so that only distances of equally many can be compared.

    Args:
        real: (n, d), n at least 2.
        fake: (m, d), m at least 2; m and n may be smaller than d.

    Returns:
        The distance in squared units of the features, at least 0; 0 for the same moments.
    """
    real, fake = real.double(), fake.double()
    shift = (real.mean(0) - fake.mean(0)).square().sum()
    a, b = _root(real), _root(fake)
    # With A = aᵀa and B = bᵀb, the eigenvalues of A B = aᵀ(a bᵀ)b are the squared singular values
    # of a bᵀ. No product of covariances is formed, whose root loses half of the digits.
    overlap: Tensor = torch.linalg.matrix_norm(a @ b.T, "nuc")
    distance = shift + a.square().sum() + b.square().sum() - 2 * overlap
    return distance.clamp(min=0).item()


def _root(features: Tensor) -> Tensor:
    """A matrix r such that rᵀr is the covariance of the features."""
    centred = features - features.mean(0)
    r: Tensor = torch.linalg.qr(centred, mode="r").R
    return r / math.sqrt(len(features) - 1)
