"""StyleGAN2's generator (Karras et al. 2020, section 2): z to w, and w to an image.

The order of parameters is that of the authors' networks.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganzoo_stylegan.layers import EPSILON, EqualLinear, activated, normalised
from ganzoo_stylegan.resampling import LowPass

MAPPING_RATE = 0.01
"""How fast the mapping network learns, of all others."""
W_NEWEST = 0.005
"""Of the mean of w, that each batch renews."""


def modulated_conv(maps: Tensor, weight: Tensor, style: Tensor, *, up: bool = False) -> Tensor:
    """Eq. 1: a convolution by s_i w_ijk, a kernel for each sample.

    It scales the maps in the place of the kernels, which is the same, and less work.

    Args:
        maps: (n, inputs, height, width).
        weight: w, (outputs, inputs, kernel, kernel).
        style: s, (n, inputs).
        up: whether zeros come between the pixels: the result then is 2 height + 1 high.
    """
    scaled = maps * style[:, :, None, None]
    if up:
        return conv_transpose2d(scaled, weight.transpose(0, 1), stride=2)
    return conv2d(scaled, weight, padding=weight.shape[-1] // 2)


def demodulation(weight: Tensor, style: Tensor) -> Tensor:
    """Eq. 3: 1 / sqrt(Σ (s_i w_ijk)² + ε), which gives each map a variance of 1, (n, outputs)."""
    energy = weight.square().sum((2, 3))
    return (style.square() @ energy.T + EPSILON).rsqrt()


class StyledConv(nn.Module):
    """A modulated 3x3 convolution, noise, a bias and a LeakyReLU (figure 2d).

    Args:
        inputs: maps.
        outputs: maps.
        latent_dim: of w.
        side: (height, width) of the result.
        up: whether it is twice that of the maps.
    """

    noise: Tensor

    def __init__(
        self, inputs: int, outputs: int, latent_dim: int, side: tuple[int, int], *, up: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = EqualLinear(latent_dim, inputs, bias=1.0)
        self.low_pass = LowPass() if up else None
        # Fixed: what samples of a trained generator have, so that they depend on z alone.
        self.register_buffer("noise", torch.randn(side))

    def forward(self, maps: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        maps = modulated_conv(maps, self.weight, style, up=self.low_pass is not None)
        if self.low_pass is not None:
            maps = 4 * self.low_pass(maps, padding=1)
        maps = maps * demodulation(self.weight, style)[:, :, None, None]
        noise = self.noise
        if self.training:
            noise = torch.randn(len(maps), 1, *noise.shape, device=maps.device)
        return activated(maps + self.strength * noise + self.bias[:, None, None])


class ToImage(nn.Module):
    """A modulated 1x1 convolution to the image's channels, without demodulation."""

    def __init__(self, inputs: int, channels: int, latent_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.affine = EqualLinear(latent_dim, inputs, bias=1.0)
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, maps: Tensor, w: Tensor) -> Tensor:
        style = self.scale * self.affine(w)
        return modulated_conv(maps, self.weight, style) + self.bias[:, None, None]


class Block(nn.Module):
    """All layers of one size; those of the smallest begin with a learned constant."""

    def __init__(
        self, inputs: int, outputs: int, latent_dim: int, side: tuple[int, int], channels: int
    ) -> None:
        super().__init__()
        self.constant = None if inputs else nn.Parameter(torch.randn(outputs, *side))
        layers = [StyledConv(inputs, outputs, latent_dim, side, up=True)] if inputs else []
        layers.append(StyledConv(outputs, outputs, latent_dim, side, up=False))
        self.layers = nn.ModuleList(layers)
        self.to_image = ToImage(outputs, channels, latent_dim)

    def forward(self, maps: Tensor | None, ws: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Maps and their part of the image, from the w of each layer and of the image."""
        if self.constant is not None:
            maps = self.constant.expand(ws[0].shape[0], -1, -1, -1)
        assert maps is not None
        for layer, w in zip(self.layers, ws, strict=False):
            maps = layer(maps, w)
        return maps, self.to_image(maps, ws[-1])


class Synthesis(nn.Module):
    """g: w of each layer to an image, the sum of what each block adds to it (figure 7b).

    Args:
        latent_dim: of w.
        widths: maps of each block, from the smallest to the image.
        sides: (height, width) of each.
        channels: of the image.
    """

    def __init__(
        self,
        latent_dim: int,
        widths: Sequence[int],
        sides: Sequence[tuple[int, int]],
        channels: int,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(before, width, latent_dim, side, channels)
            for (before, width), side in zip(pairwise([0, *widths]), sides, strict=True)
        )
        self.low_pass = LowPass()
        self.convs = [1, *[2] * (len(widths) - 1)]
        self.layers = sum(self.convs) + 1
        """How many w there are: the image of a block has that of the next one's first layer."""

    def forward(self, ws: Tensor) -> Tensor:
        """Images (n, channels, height, width), not limited, of ws (n, layers, latent_dim)."""
        each, at = ws.unbind(1), 0
        maps: Tensor | None = None
        image: Tensor | None = None
        for block, count in zip(self.blocks, self.convs, strict=True):
            maps, part = block(maps, each[at : at + count + 1])
            image = part if image is None else self.low_pass.doubled(image) + part
            at += count
        assert image is not None
        return image


class Mapping(nn.Module):
    """f: z to w, layers that learn slower than all others; it keeps a moving mean of w.

    Args:
        latent_dim: of z and of w.
        layers: how many.
    """

    w_mean: Tensor

    def __init__(self, latent_dim: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EqualLinear(latent_dim, latent_dim, rate=MAPPING_RATE) for _ in range(layers)
        )
        self.register_buffer("w_mean", torch.zeros(latent_dim))

    def forward(self, latent: Tensor, *, track: bool = True) -> Tensor:
        """w (n, latent_dim) of z (n, latent_dim), seen by the mean in training, unless told not."""
        w = normalised(latent)
        for layer in self.layers:
            w = activated(layer(w))
        if self.training and track:
            self.w_mean.lerp_(w.detach().mean(0).to(self.w_mean.dtype), W_NEWEST)
        return w

    def truncated(self, w: Tensor, psi: float) -> Tensor:
        """w (n, latent_dim) brought near to the mean: w̄ + ψ (w - w̄)."""
        return torch.lerp(self.w_mean, w, psi)


class StyleGenerator(nn.Module):
    """f and g."""

    def __init__(self, synthesis: Synthesis, mapping: Mapping) -> None:
        super().__init__()
        self.synthesis, self.mapping = synthesis, mapping

    def forward(self, latent: Tensor, psi: float = 1.0) -> Tensor:
        """Images, not limited, of z (n, latent_dim)."""
        w = self.mapping(latent)
        if psi != 1:
            w = self.mapping.truncated(w, psi)
        image: Tensor = self.synthesis(w[:, None].expand(-1, self.synthesis.layers, -1))
        return image

    def mixed(self, latent: Tensor, other: Tensor, probability: float) -> Tensor:
        """The w of each layer, (n, layers, latent_dim), of which, by chance, the last are others.

        Style mixing: the layers from a random one on are those of `other`, in all samples alike.
        """
        layers, device = self.synthesis.layers, latent.device
        w, foreign = self.mapping(latent), self.mapping(other, track=False)
        first = torch.randint(1, layers, (), device=device)
        mixes = torch.rand((), device=device) < probability
        theirs = mixes & (torch.arange(layers, device=device) >= first)
        return torch.where(theirs[:, None], foreign[:, None], w[:, None])
