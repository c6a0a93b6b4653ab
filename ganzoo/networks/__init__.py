"""The interfaces of the two networks, and what their architectures share."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn


class Generator(nn.Module, ABC):
    """Latents to samples."""

    @abstractmethod
    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Map latents (n, latent_dim) to images (n, channels, height, width) in [-1, 1]."""

    if TYPE_CHECKING:

        def __call__(self, latent: Tensor, label: Tensor | None = None) -> Tensor: ...


class Discriminator(nn.Module, ABC):
    """Samples to logits."""

    @abstractmethod
    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """Map images in [-1, 1] to logits (n,); no sigmoid: that belongs to the loss."""

    if TYPE_CHECKING:

        def __call__(self, image: Tensor, label: Tensor | None = None) -> Tensor: ...


PRIORS = ("normal", "uniform")


def sample_prior(prior: str, n: int, dim: int, device: torch.device) -> Tensor:
    """Latents (n, dim): N(0, 1) for ``"normal"``, U(-1, 1) for ``"uniform"``."""
    if prior == "normal":
        return torch.randn(n, dim, device=device)
    return torch.empty(n, dim, device=device).uniform_(-1, 1)


def between(prior: str, start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Latents on the way from some to others, each as likely as those that the prior draws.

    Of a uniform prior the way is straight; of a normal one it goes around the origin, near which a
    straight one would come and hardly any latent is (White 2016, "Sampling Generative Networks").

    Args:
        prior: one of `PRIORS`.
        start: (n, ...).
        end: of the same shape.
        share: how much of the way is made, (n,) in [0, 1].
    """
    shares = share.view(-1, *[1] * (start.dim() - 1)).to(start.dtype)
    straight = torch.lerp(start, end, shares)
    if prior != "normal":
        return straight
    one, other = start.flatten(1), end.flatten(1)
    cosine = torch.nn.functional.cosine_similarity(one, other)
    angle = cosine.clamp(-1, 1).acos().view_as(shares)
    sine = angle.sin()
    around = (((1 - shares) * angle).sin() * start + (shares * angle).sin() * end) / sine
    return torch.where(sine > 1e-3, around, straight)  # towards itself, or its opposite


@torch.no_grad()
def init_normal(module: nn.Module, std: float = 0.02) -> None:
    """Weights N(0, `std`), biases 0, scales of BatchNorm N(1, `std`): Radford et al. 2016."""
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(layer.weight, 1.0, std)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
            nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


@torch.no_grad()
def init_xavier(module: nn.Module, gain: float = 1.0) -> None:
    """Weights N(0, 2 `gain`^2 / (inputs + outputs)), biases 0: Glorot & Bengio 2010."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
            nn.init.xavier_normal_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
