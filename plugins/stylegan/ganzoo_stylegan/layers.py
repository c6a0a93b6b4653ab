"""What ProGAN and StyleGAN2 share: an equalised learning rate, and a look at the batch."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, linear

SLOPE = 0.2
"""Of the LeakyReLUs."""
EPSILON = 1e-8


class EqualLinear(nn.Module):
    """ProGAN, section 4.1: weights N(0, 1), scaled to gain / sqrt(fan-in) as they are used.

    Args:
        inputs: features.
        outputs: features.
        gain: what keeps the variance through what follows.
        rate: by which this layer learns slower than others (StyleGAN2's mapping): weights are drawn
            as much larger, and they and the bias scaled down as much more.
        bias: to begin with; None: there is none.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gain: float = 1.0,
        rate: float = 1.0,
        bias: float | None = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = None if bias is None else nn.Parameter(torch.full((outputs,), bias))
        self.scale, self.rate = rate * gain / math.sqrt(inputs), rate

    def forward(self, features: Tensor) -> Tensor:
        bias = None if self.bias is None else self.rate * self.bias
        return linear(features, self.scale * self.weight, bias)


class EqualConv(nn.Module):
    """The same for a convolution, which keeps the size unless it has a stride and no padding."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, gain: float = 1.0, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.padding = gain / math.sqrt(inputs * kernel**2), kernel // 2

    def forward(self, maps: Tensor, *, stride: int = 1, padding: int | None = None) -> Tensor:
        padding = self.padding if padding is None else padding
        return conv2d(maps, self.scale * self.weight, self.bias, stride=stride, padding=padding)


def activated(features: Tensor, gain: float = 1.0) -> Tensor:
    """LeakyReLU, scaled to keep the second moment, times a gain."""
    return leaky_relu(features, SLOPE) * (math.sqrt(2) * gain)


def normalised(features: Tensor) -> Tensor:
    """ProGAN, section 4.2: every vector along dimension 1 has a mean square of 1."""
    return features * (features.square().mean(1, keepdim=True) + EPSILON).rsqrt()


class BatchDeviation(nn.Module):
    """ProGAN, section 3: one more map, of how far the samples of a group are from each other.

    Sample i is in the group i mod (n / group), as in the authors' code.

    Args:
        group: samples that are compared; the largest divisor of the batch below it, where it is
            none.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, maps: Tensor) -> Tensor:
        n, _, height, width = maps.shape
        group = next(size for size in range(min(self.group, n), 0, -1) if n % size == 0)
        grouped = maps.reshape(group, n // group, *maps.shape[1:])
        variance = (grouped - grouped.mean(0)).square().mean(0)
        deviation = (variance + EPSILON).sqrt().mean((1, 2, 3))
        shown = deviation.repeat(group).view(n, 1, 1, 1).expand(n, 1, height, width)
        return torch.cat([maps, shown], 1)
