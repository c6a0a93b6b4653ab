"""DualGAN (Yi et al. 2017): two Wasserstein games, each of which undoes what the other does.

The paper's U is domain a and its V domain b: `a2b` is its G_A and `b2a` its G_B, `critic_b` is its
D_A, which judges images of V, and `critic_a` its D_B.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from ganzoo import Batch, DataSpec, Phase, Player, RMSprop, option
from ganzoo.both_ways import BothWays
from ganzoo.losses import wasserstein
from ganzoo.networks import init_normal
from ganzoo.networks.translators import check_images, patch_discriminator
from ganzoo.networks.unet import UNet, halvings_of

DECAY = 0.9
"""Of the mean squares by which RMSProp divides, in the authors' code."""


@dataclass(frozen=True)
class DualGANConfig:
    """The settings of DualGAN."""

    lambda_u: float = option(500.0, "weight of the way from a to b and back (λ_U)", minimum=0)
    lambda_v: float = option(500.0, "weight of the way from b to a and back (λ_V)", minimum=0)
    n_critic: int = option(2, "updates of the critics an update of the generators", minimum=1)
    clip: float = option(0.01, "bound of each of the critics' weights (c)", above=0)
    dropout: float = option(
        0.5, "share of the generators' inner values that noise leaves out", minimum=0, maximum=0.9
    )
    width: int = option(64, "feature maps of each network's first layer", minimum=1)
    lr: float = option(5e-5, "learning rate of both RMSprops", above=0)
    ema: float = option(
        0.0, "decay of the average of the generators that images come from", minimum=0, maximum=1
    )


class DualGAN(BothWays):
    """The game of section 3, as the paper's algorithm plays it."""

    Config = DualGANConfig
    config: DualGANConfig
    loss = wasserstein
    scores = wasserstein.scores
    multiple = 1  # the way out goes through the sizes of the way in

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if not data.is_image or min(data.shape[1:]) < 64:
            return {"steps": 2000, "batch_size": 4, "width": 16, "lr": 5e-4}
        return {"steps": 100_000, "batch_size": 1}

    def __init__(self, config: DualGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        check_images("dualgan", data)
        self.stochastic = config.dropout > 0
        channels, *sides = data.shape
        self.a2b, self.b2a = (
            UNet(channels, channels, config.width, halvings_of(*sides), "image", config.dropout)
            for _ in range(2)
        )
        self.critic_a = patch_discriminator(config.width, data)
        self.critic_b = patch_discriminator(config.width, data)
        init_normal(self)
        self.clip_weights()

    def players(self) -> dict[str, Player]:
        optim = RMSprop(self.config.lr, alpha=DECAY)
        return {
            "critics": Player(("critic_a", "critic_b"), optim),
            "generators": Player(("a2b", "b2a"), optim, ema=self.config.ema),
        }

    def phases(self) -> list[Phase]:
        often, clip = self.config.n_critic, self.clip_weights
        return [
            Phase("critics", loss=self.critics_loss, repeat=often, after=clip),
            Phase("generators", loss=self.generators_loss),
        ]

    def critics_loss(self, batch: Batch) -> Tensor:
        """Of both critics together, as no critic is in the other one's."""
        u, v = batch.data["a"], batch.data["b"]
        with torch.no_grad():
            fake_v, fake_u = self.a2b(u), self.b2a(v)
        of_b = self.told_apart(batch, "b", self.critic_b(v), self.critic_b(fake_v))
        of_a = self.told_apart(batch, "a", self.critic_a(u), self.critic_a(fake_u))
        return of_b + of_a

    def generators_loss(self, batch: Batch) -> Tensor:
        """What leads back to the images, and what deceives the critics."""
        u, v = batch.data["a"], batch.data["b"]
        fake_v, fake_u = self.a2b(u), self.b2a(v)
        terms = {
            "reconstruction_a": (self.config.lambda_u, l1_loss(self.b2a(fake_v), u)),
            "reconstruction_b": (self.config.lambda_v, l1_loss(self.a2b(fake_u), v)),
            "adversarial_a2b": (1.0, self.deception(self.critic_b, fake_v, v)),
            "adversarial_b2a": (1.0, self.deception(self.critic_a, fake_u, u)),
        }
        batch.metrics |= {name: term.detach() for name, (_, term) in terms.items()}
        return torch.stack([weight * term for weight, term in terms.values()]).sum()

    def clip_weights(self) -> None:
        """Both critics stay in a compact set."""
        critics = self.critic_a, self.critic_b
        weights = [weight.detach() for critic in critics for weight in critic.parameters()]
        torch._foreach_clamp_min_(weights, -self.config.clip)
        torch._foreach_clamp_max_(weights, self.config.clip)
