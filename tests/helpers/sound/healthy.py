"""A small healthy variant, which all checks of the kit pass."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adam, Batch, DataSpec, Phase, Player, Variant, option


@dataclass(frozen=True)
class HealthyConfig:
    lr: float = option(1e-3, "learning rate of both Adams", above=0)
    penalty: float = option(1.0, "weight of the gradient penalty", minimum=0)


class Healthy(Variant):
    """G and D of one hidden layer, on data of any shape, with a gradient penalty at the data."""

    Config: type = HealthyConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 100, "batch_size": 4}

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        n = math.prod(data.shape)
        self.generator = nn.Sequential(
            nn.Linear(3, 8),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Linear(8, n),
            nn.Tanh(),
            nn.Unflatten(1, data.shape),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.Linear(n, 8), nn.Softplus(), nn.Linear(8, 1)
        )
        self.register_buffer("dial", torch.tensor(1.0))

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr)
        return {"g": Player(("generator",), optim, ema=0.9), "d": Player(("discriminator",), optim)}

    def phases(self) -> list[Phase]:
        return [
            Phase("g", "g", self.g_loss),
            Phase("d", "d", self.d_loss, second_order=True),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return {"g.lr": lambda progress: 1 - progress, "dial": lambda progress: progress}

    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(self.sample_latent(len(batch)))
        batch.shared["fake"] = fake.detach()
        weight = torch.full((), 0.5, device=self.device)
        return weight * softplus(-self.discriminator(fake)).mean()

    def d_loss(self, batch: Batch) -> Tensor:
        real, fake = self.discriminator(batch.image), self.discriminator(batch.shared["fake"])
        batch.metrics["real_score"] = real.detach().sigmoid().mean()
        penalty = self.config.penalty * self.gradient_penalty(batch.image)
        return softplus(-real).mean() + softplus(fake).mean() + penalty

    def gradient_penalty(self, image: Tensor) -> Tensor:
        at = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.discriminator(at).sum(), at, create_graph=True)
        return gradient.flatten(1).square().sum(1).mean()

    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, 3, device=self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(latent)
