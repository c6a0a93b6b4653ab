"""Penalties on the gradients of D."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import option
from ganzoo.regularisers import (
    Critic,
    LambdaConfig,
    Regulariser,
    RegulariserConfig,
    between,
    squared_norms,
)


@dataclass(frozen=True)
class DRAGANConfig(LambdaConfig):
    """λ, and where gradients are taken."""

    spread: float = option(
        0.5, "how far from the data, as a share of the batch's standard deviation", above=0
    )
    noise: str = option(
        "uniform",
        "around the data: uniform as in the authors' code, or normal as in the paper",
        choices=("uniform", "normal"),
    )


class DRAGAN(Regulariser):
    """Kodali et al. 2017: λ E[(||∇D(x + δ)|| - 1)²], around samples of the data alone.

    The paper has δ ~ N(0, c I): `noise=normal`, with `spread` times the standard deviation of the
    batch as √c. The authors' code has the point x + α s u: u ~ U[0, 1) for each value, s the spread
    times that deviation, and one α ~ U[0, 1) for each sample; it moves values up alone.
    """

    Config = DRAGANConfig
    metric = "dragan_gradient_penalty"

    def __init__(self, config: DRAGANConfig) -> None:
        super().__init__(config, config.weight)
        self.spread, self.noise = config.spread, config.noise

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        spread = self.spread * real.std(correction=0)
        if self.noise == "normal":
            moved = real + spread * torch.randn_like(real)
        else:
            moved = between(real + spread * torch.rand_like(real), real)
        return (squared_norms(critic, moved).sqrt() - 1).square().mean()


@dataclass(frozen=True)
class WGANDivConfig(RegulariserConfig):
    """The two constants of the divergence."""

    k: float = option(2.0, "weight k: 2 in the paper, 10 in the authors' code", minimum=0)
    p: float = option(6.0, "power p of the norm", minimum=2)


class WGANDiv(Regulariser):
    """Wu et al. 2018: k E[||∇D(x̂)||^p] between samples of the data and fakes.

    Meant for ``--loss wasserstein``, which it makes a divergence without a Lipschitz constant.
    The paper's D is low for what is real, which changes no norm. Penalties at the data and at the
    fakes, in place of points between them, are another implementation's, not the authors'.
    """

    Config = WGANDivConfig
    metric = "divergence_penalty"

    def __init__(self, config: WGANDivConfig) -> None:
        super().__init__(config, config.k)
        self.p = config.p

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return squared_norms(critic, between(real, fake)).pow(self.p / 2).mean()
