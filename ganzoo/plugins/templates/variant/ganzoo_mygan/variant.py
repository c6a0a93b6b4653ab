"""MyGAN: the non-saturating game of Goodfellow et al. 2014, section 3."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Adam, Batch, DataSpec, Phase, Player, Variant, option


@dataclass(frozen=True)
class MyGANConfig:
    """Each option is a flag of the command line: `latent_dim` is `--latent-dim`."""

    latent_dim: int = option(64, "dimensions of the latent z", minimum=1)
    width: int = option(256, "units of each hidden layer", minimum=1)
    lr: float = option(5e-4, "learning rate of both Adams", above=0)
    ema: float = option(
        0.999, "decay of the average of G's weights for samples", minimum=0, maximum=1
    )


def hidden_layers(sizes: Sequence[int]) -> list[nn.Module]:
    """Linear layers from each size to the next, each followed by LeakyReLU 0.2."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return layers


class MyGAN(Variant):
    """A generator G and a discriminator D, for samples of any shape."""

    Config = MyGANConfig
    config: MyGANConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 6000, "batch_size": 64}

    def __init__(self, config: MyGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        width, size = config.width, prod(data.shape)
        self.generator = nn.Sequential(
            *hidden_layers([config.latent_dim, width, width]),
            nn.Linear(width, size),
            nn.Tanh() if data.is_image else nn.Identity(),
            nn.Unflatten(1, data.shape),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(), *hidden_layers([size, width, width]), nn.Linear(width, 1)
        )

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr, betas=(0.5, 0.999))
        return {
            "generator": Player(("generator",), optim, ema=self.config.ema),
            "discriminator": Player(("discriminator",), optim),
        }

    def phases(self) -> list[Phase]:
        return [
            Phase("generator", "generator", self.generator_loss),
            Phase("discriminator", "discriminator", self.discriminator_loss),
        ]

    def generator_loss(self, batch: Batch) -> Tensor:
        """-log D(G(z)), from logits: D = sigmoid(logits), so -log D = softplus(-logits)."""
        fake = self(self.sample_latent(len(batch)))
        batch.shared["fake"] = fake.detach()
        return softplus(-self.discriminator(fake)).mean()

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """-log D(x) - log(1 - D(G(z))), on the fakes of the generator's phase."""
        fake = batch.shared.get("fake")
        if fake is None:  # each further update of a repeated phase has a fresh batch
            with torch.no_grad():
                fake = self(self.sample_latent(len(batch)))
        real_logits = self.discriminator(batch.image)
        fake_logits = self.discriminator(fake)
        batch.metrics["real_score"] = real_logits.detach().sigmoid().mean()
        batch.metrics["fake_score"] = fake_logits.detach().sigmoid().mean()
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, self.config.latent_dim, device=self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        image: Tensor = self.generator(latent)
        return image
