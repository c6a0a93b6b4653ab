"""Wasserstein GAN (Arjovsky, Chintala & Bottou 2017): f is Lipschitz as its weights are bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganzoo import Batch, DataSpec, Phase, Player, RMSprop, option
from ganzoo.networks import init_normal
from ganzoo_wgan.game import Wasserstein, WassersteinConfig
from ganzoo_wgan.networks import make_networks


@dataclass(frozen=True)
class WGANConfig(WassersteinConfig):
    """The game's settings and those of Algorithm 1."""

    lr: float = option(5e-5, "learning rate of both RMSprops (α)", above=0)
    clip: float = option(0.01, "bound of each of the critic's weights (c)", above=0)


class WGAN(Wasserstein):
    """Algorithm 1, with the authors' longer training of the critic at the start."""

    Config = WGANConfig
    without: ClassVar[Mapping[str, str]] = {
        **Wasserstein.without,
        "regulariser": "--clip, the bound of its weights, is what keeps the critic smooth",
    }
    config: WGANConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if data.is_image:
            return {"steps": 10_000, "batch_size": 64}
        points = {"latent_dim": 2, "width": 128, "lr": 5e-4, "clip": 0.1}
        return {"steps": 4000, "batch_size": 256, **points}

    def __init__(self, config: WGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator, self.critic = make_networks(
            "wgan", config.latent_dim, config.width, data, batch_norm=True
        )
        if data.is_image:
            init_normal(self)
        self.clip_weights()

    def players(self) -> dict[str, Player]:
        optim = RMSprop(self.config.lr)
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
                repeat=self.critic_updates,
                after=self.clip_weights,
            ),
            Phase("generator", "generator", self.generator_loss),
        ]

    def critic_loss(self, batch: Batch) -> Tensor:
        """Algorithm 1, line 5."""
        return -self.estimate(batch, self.sample_fakes(len(batch)))

    def critic_updates(self, iteration: int) -> int:
        """The authors' schedule: near its optimum, f gives G a gradient to be trusted."""
        return 100 if iteration < 25 or iteration % 500 == 0 else self.config.n_critic

    def clip_weights(self) -> None:
        """Algorithm 1, line 7: all weights, BatchNorm's scales too, lie in a compact set."""
        weights = [weight.detach() for weight in self.critic.parameters()]
        torch._foreach_clamp_min_(weights, -self.config.clip)
        torch._foreach_clamp_max_(weights, self.config.clip)
