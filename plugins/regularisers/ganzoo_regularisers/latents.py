"""Latent consistency: D says the same of fakes whose latents are near, and G makes them differ."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import option
from ganzoo.regularisers import Critic, LambdaConfig, LatentRegulariser


@dataclass(frozen=True)
class LatentConsistencyConfig(LambdaConfig):
    """Both weights, and how near."""

    weight: float = option(20.0, "weight λ of the difference of D's verdicts", minimum=0)
    apart: float = option(0.5, "weight of how much fakes are to differ", minimum=0)
    sigma: float = option(0.05, "standard deviation of what is added to latents", above=0)


class LatentConsistency(LatentRegulariser):
    """zCR, Zhao et al. 2021: λ E[(D(G(z)) - D(G(z + δ)))²] for D, -λ' E|G(z) - G(z + δ)|² for G.

    Both are means over all values, and δ is normal: so in PyTorch-StudioGAN, whose weights these
    are. Without G's part G may come to overlook z.
    """

    Config = LatentConsistencyConfig
    metric = "latent_consistency"
    second_order = False

    def __init__(self, config: LatentConsistencyConfig) -> None:
        super().__init__(config, config.weight)
        self.apart, self.sigma = config.apart, config.sigma

    def near(self, latent: Tensor) -> Tensor:
        return latent + self.sigma * torch.randn_like(latent)

    def generator(self, near: Tensor, fake: Tensor) -> Tensor:
        return -self.apart * (near - fake).square().mean()

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """Of fakes of near latents, in the place of samples of the data, and of fakes."""
        return (critic(real) - critic(fake)).square().mean()
