"""WGAN-GP (Gulrajani et al. 2017): f is Lipschitz as its gradient is held near a norm of 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganzoo import Adam, Batch, DataSpec, Phase, Player, option
from ganzoo.networks import init_normal
from ganzoo.regularisers import Critic
from ganzoo_wgan.game import Wasserstein, WassersteinConfig
from ganzoo_wgan.networks import make_networks


@dataclass(frozen=True)
class WGANGPConfig(WassersteinConfig):
    """The game's settings and those of Algorithm 1."""

    latent_dim: int = option(128, "dimensions of the latent z, N(0, 1)", minimum=1)
    lr: float = option(1e-4, "learning rate of both Adams (α)", above=0)
    penalty: float = option(10.0, "weight of the gradient penalty (λ)", minimum=0)


class WGANGP(Wasserstein):
    """Algorithm 1."""

    Config = WGANGPConfig
    without: ClassVar[Mapping[str, str]] = {
        **Wasserstein.without,
        "regulariser": "the gradient penalty that --penalty weighs is what keeps the critic smooth",
    }
    config: WGANGPConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if data.is_image:
            return {"steps": 8000, "batch_size": 50}
        points = {"latent_dim": 2, "width": 128, "penalty": 0.1}
        return {"steps": 3000, "batch_size": 256, **points}

    def __init__(self, config: WGANGPConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        # The penalty is each sample's own: f(x) may depend on nothing else in the batch.
        self.generator, self.critic = make_networks(
            "wgan-gp", config.latent_dim, config.width, data, batch_norm=False
        )
        if data.is_image:
            init_normal(self)

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.5, 0.9))
        return {
            "critic": Player(("critic",), optim),
            "generator": Player(("generator",), optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase(
                "critic",
                "critic",
                self.critic_loss,
                repeat=self.config.n_critic,
                second_order=True,
            ),
            Phase("generator", "generator", self.generator_loss),
        ]

    def critic_loss(self, batch: Batch) -> Tensor:
        """Eq. 3: minus the estimate of the distance, plus the penalty."""
        fake = self.sample_fakes(len(batch))
        estimate = self.estimate(batch, fake)
        penalty = gradient_penalty(self.judge, batch.image, fake)
        batch.metrics["gradient_penalty"] = penalty.detach()
        return -estimate + self.config.penalty * penalty


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """E[(||∇f(x̂)|| - 1)²] at random points x̂ between pairs of a real and a fake sample (eq. 3).

    Args:
        critic: f, which takes each sample by itself.
        real: (n, ...) samples of the data.
        fake: (n, ...) samples of G, detached.

    Returns:
        The scalar penalty, without λ.
    """
    epsilon = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    norms: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return (norms - 1).square().mean()
