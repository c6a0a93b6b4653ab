"""Small variants for tests."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo import Adam, Batch, DataSpec, Phase, Player, Variant, option
from ganzoo.data.dataset import Dataset


@dataclass(frozen=True)
class ToyConfig:
    lr: float = option(1e-3, "learning rate", above=0)
    ema: float = option(0.0, "decay of the average", minimum=0, maximum=1)


class Toy(Variant):
    """Linear G and D with BatchNorm in G, non-saturating by hand."""

    Config = ToyConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, int]:
        return {"steps": 20, "batch_size": 4}

    def __init__(self, config: ToyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        (dim,) = data.shape
        self.generator = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, dim))
        self.discriminator = nn.Sequential(nn.Linear(dim, 8), nn.LeakyReLU(), nn.Linear(8, 1))

    def players(self) -> dict[str, Player]:
        return {
            "g": Player(("generator",), Adam(self.config.lr), ema=self.config.ema),
            "d": Player(("discriminator",), Adam(self.config.lr)),
        }

    def phases(self) -> list[Phase]:
        return [Phase("g", "g", self.g_loss), Phase("d", "d", self.d_loss)]

    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(self.sample_latent(len(batch)))
        batch.shared["fake"] = fake.detach()
        return nn.functional.softplus(-self.discriminator(fake)).mean()

    def d_loss(self, batch: Batch) -> Tensor:
        real, fake = self.discriminator(batch.image), self.discriminator(batch.shared["fake"])
        batch.metrics["real_score"] = real.detach().sigmoid().mean()
        return nn.functional.softplus(-real).mean() + nn.functional.softplus(fake).mean()

    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, 3, device=self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(latent)


def points(n: int = 40, seed: int = 0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    return Dataset.of("toy points", torch.randn(n, 2, generator=generator))
