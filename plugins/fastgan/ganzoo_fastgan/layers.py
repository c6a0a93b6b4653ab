"""What both networks are made of: spectral norms, gates, noise, and skip-layer excitation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

EPSILON = 1e-12


class _Bounded:
    """A convolution whose weights are divided by their greatest singular value (Miyato 2018).

    One step of the power iteration at each pass, from where the last pass in training mode has
    left it; the vectors that it comes to are constants to the gradient.
    """

    weight: Tensor
    left: Tensor
    training: bool
    outputs: int
    """The dimension of the weights in which output channels are."""

    def norm(self) -> Tensor:
        """The greatest singular value of the weights, as far as it is known, 0-d."""
        matrix = self.weight.transpose(0, self.outputs).flatten(1)
        with torch.no_grad():
            right = normalize(_product(matrix.T, self.left), dim=0, eps=EPSILON)
            left = normalize(_product(matrix, right), dim=0, eps=EPSILON)
            if self.training:
                self.left.copy_(left)
        return (left * _product(matrix, right)).sum()


def _product(matrix: Tensor, vector: Tensor) -> Tensor:
    """Of both, by sums, which stay float32 where the networks are computed in less."""
    return (matrix * vector).sum(1)


class Conv(_Bounded, nn.Conv2d):
    """A convolution without a bias."""

    outputs = 0

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1
    ) -> None:
        padding = 1 if kernel == 3 or stride == 2 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, bias=False)
        self.register_buffer("left", normalize(torch.randn(outputs), dim=0))

    def forward(self, input: Tensor) -> Tensor:
        maps: Tensor = self._conv_forward(input, self.weight / self.norm(), None)
        return maps


class FirstMaps(_Bounded, nn.ConvTranspose2d):
    """Latents (n, inputs) to maps (n, outputs, *size)."""

    outputs = 1

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, size, bias=False)
        self.register_buffer("left", normalize(torch.randn(outputs), dim=0))

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        # Of all weights of G the most are here: what they make is divided, which is far less.
        maps: Tensor = input @ self.weight.flatten(1) / self.norm()
        return maps.view(-1, *self.weight.shape[1:])


class GLU(nn.Module):
    """Half of the channels, each let through as far as one of the other half says."""

    def forward(self, maps: Tensor) -> Tensor:
        content, gate = maps.chunk(2, dim=1)
        return content * gate.sigmoid()


class Excitation(nn.Module):
    """Skip-layer excitation, eq. 1: y = F(x_low) · x_high, a factor for each channel of x_high."""

    def __init__(self, inputs: int, outputs: int, window: tuple[int, int]) -> None:
        super().__init__()
        self.window = window
        self.factors = nn.Sequential(
            Conv(inputs, outputs, window), nn.SiLU(), Conv(outputs, outputs, 1), nn.Sigmoid()
        )

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        # The window divides all sides: an average over cells, of which there are as many as in it.
        cells = low.shape[2] // self.window[0], low.shape[3] // self.window[1]
        factors: Tensor = self.factors(avg_pool2d(low, cells))
        return high * factors
