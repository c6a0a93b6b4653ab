"""Spectral normalisation (Miyato et al. 2018, section 2.1): layers whose weights have norm 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize, one_hot

EPS = 1e-12


def normalised(weight: Tensor, u: Tensor, *, training: bool) -> Tensor:
    """W / σ(W) (eq. 8), with σ, the largest singular value, by one step of the power method.

    Each forward pass in train mode moves u, whichever player's it is; one in eval mode takes the
    same step and leaves u alone. So what it says does not depend on the length of u, and an average
    of networks, whose u is an average of unit vectors, is normalised too.

    Args:
        weight: whose rows W has: (outputs, ...), all else in one (section 3).
        u: the left singular vector as far as it is known, (outputs,).
        training: whether u remembers the step.
    """
    matrix = weight.flatten(1)
    with torch.no_grad():  # σ's gradient is that at constant u and v (eq. 11)
        v = normalize(product(matrix.T, u), dim=0, eps=EPS)  # algorithm 1, eq. 19
        left = normalize(product(matrix, v), dim=0, eps=EPS)  # eq. 20
        if training:
            u.copy_(left)
    return weight / (left * product(matrix, v)).sum()


def product(matrix: Tensor, vector: Tensor) -> Tensor:
    """Of both, by sums: autocast leaves these in float32, and no product of matrices."""
    return (matrix * vector).sum(1)


def direction(size: int) -> Tensor:
    """A random unit vector."""
    return normalize(torch.randn(size), dim=0)


class SpectralConv2d(nn.Conv2d):
    """A convolution by the normalised weight."""

    u: Tensor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_buffer("u", direction(self.out_channels))

    def forward(self, input: Tensor) -> Tensor:
        weight = normalised(self.weight, self.u, training=self.training)
        found: Tensor = self._conv_forward(input, weight, self.bias)
        return found


class SpectralLinear(nn.Linear):
    """A linear layer by the normalised weight."""

    u: Tensor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_buffer("u", direction(self.out_features))

    def forward(self, input: Tensor) -> Tensor:
        weight = normalised(self.weight, self.u, training=self.training)
        return linear(input, weight, self.bias)


class Embedding(nn.Module):
    """A vector for each label: (n,) to (n, dim).

    As a product, whose gradient is added up in one order on every device.
    """

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, dim))

    def forward(self, label: Tensor) -> Tensor:
        return self.find(label, self.weight)

    @staticmethod
    def find(label: Tensor, weight: Tensor) -> Tensor:
        """The rows (n, dim) of some labels (n,)."""
        return one_hot(label, len(weight)).to(weight.dtype) @ weight


class SpectralEmbedding(Embedding):
    """The same of the normalised weight."""

    u: Tensor

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__(classes, dim)
        self.register_buffer("u", direction(classes))

    def forward(self, label: Tensor) -> Tensor:
        return self.find(label, normalised(self.weight, self.u, training=self.training))


@dataclass(frozen=True)
class Layers:
    """What a network is built of."""

    conv: Callable[..., nn.Conv2d]
    linear: Callable[..., nn.Linear]


PLAIN = Layers(nn.Conv2d, nn.Linear)
SPECTRAL = Layers(SpectralConv2d, SpectralLinear)
