"""The kernel distance of two sets of features; of Inception's features it is called KID."""

import torch
from torch import Tensor


def kernel_distance(
    real: Tensor, fake: Tensor, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> float:
    """Squared maximum mean discrepancy with the kernel ``(x·y / d + 1)³``, the mean over subsets.

    Bińkowski et al. 2018, section 4 (https://arxiv.org/abs/1801.01401). The estimate is unbiased:
    whatever the number of samples, it is 0 on average where both distributions are the same, and
    so may be a little below 0.

    Args:
        real: features, (n, d), n at least 2.
        fake: features, (m, d), m at least 2.
        subsets: how many pairs of subsets are drawn.
        size: samples in a subset, drawn without replacement; a set that has fewer is taken whole.
        seed: of the draws.
    """
    real, fake = real.double(), fake.double()
    if max(len(real), len(fake)) <= size:
        subsets = 1  # all of them would be the whole sets
    generator = torch.Generator().manual_seed(seed)

    def draw(features: Tensor) -> Tensor:
        return features[torch.randperm(len(features), generator=generator)[:size]]

    estimates = [_squared_discrepancy(draw(real), draw(fake)) for _ in range(subsets)]
    return torch.stack(estimates).mean().item()


def _squared_discrepancy(x: Tensor, y: Tensor) -> Tensor:
    """Gretton et al. 2012, eq. 3: without bias, since no sample is compared with itself."""
    return _mean_of_others(x) + _mean_of_others(y) - 2 * _kernel(x, y).mean()


def _mean_of_others(x: Tensor) -> Tensor:
    kernel = _kernel(x, x)
    return (kernel.sum() - kernel.trace()) / (len(x) * (len(x) - 1))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
