"""Small variants for tests."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo import (
    Adam,
    Average,
    Batch,
    DataSpec,
    Phase,
    Player,
    Progress,
    RMSprop,
    Stage,
    Upkeep,
    Variant,
    option,
)
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


class Eventful(Toy):
    """All that a game can have at once, but for networks that are frozen."""

    def __init__(self, config: ToyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator.register_buffer("alpha", torch.zeros(()))
        self.generator.register_buffer("level", torch.zeros((), dtype=torch.int64))
        self.register_buffer("verdicts", torch.zeros(()))
        self.register_buffer("pressure", torch.ones(()))

    def players(self) -> dict[str, Player]:
        return {
            "g": Player(("generator",), Adam(1e-2), ema=Average(half_life=16), clip_norm=0.5),
            "d": Player(("discriminator",), Adam(1e-2)),
            "second": Player(("discriminator",), RMSprop(1e-3)),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("d", loss=self.d_loss, when=lambda batch: batch.metrics["real_score"] < 0.52),
            Phase("g", loss=self.g_loss, together=True, fresh=True),
            Phase("second", loss=self.pull, when=lambda batch: batch.image.mean() > 0),
            Phase("small", "d", loss=self.pull, every=3, lazy=True, gain=0.1),
        ]

    def d_loss(self, batch: Batch) -> Tensor:
        batch.shared["fake"] = self(self.sample_latent(len(batch))).detach()
        loss = super().d_loss(batch)
        self.verdicts += batch.metrics["real_score"]
        return self.pressure * loss * (1 + int(self.level))

    def pull(self, batch: Batch) -> Tensor:
        weight: Tensor = self.discriminator[0].weight
        return weight.square().sum()

    def upkeep(self) -> list[Upkeep]:
        return [Upkeep("press", self.press, every=4)]

    def press(self) -> None:
        self.pressure += 0.1 * (self.verdicts / 4 - 0.5).sign()
        self.verdicts.zero_()
        self.generator.get_buffer("level").add_(1)

    def stage(self, now: Progress) -> Stage:
        return Stage(0) if now.images < 80 else Stage(1, batch_size=6, resets=("d",))

    def dials(self, now: Progress) -> Mapping[str, float]:
        return {"generator.alpha": now.share, "g.half_life": 16 + now.images}


def points(n: int = 40, seed: int = 0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    return Dataset.of("toy points", torch.randn(n, 2, generator=generator))


class OtherGradient(Toy):
    """Differs in what autograd calls, from no line of anybody's."""

    calls = 0

    def d_loss(self, batch: Batch) -> Tensor:
        self.calls += 1
        loss = super().d_loss(batch)
        if self.calls == 2:
            loss.register_hook(operator.neg)
        return loss
