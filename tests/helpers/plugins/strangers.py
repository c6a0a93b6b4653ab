"""Sources of plugins by strangers: one that works, and what others do wrong."""

INIT = """
from ganzoo import Need, VariantSpec, hookimpl

@hookimpl
def ganzoo_register_variants():
    return [
        VariantSpec({name!r}, target="{module}.variant:Tiny", title={title!r}, year=2026,
            needs=((Need(("image", "point")),),){more})
    ]
"""

TINY = """
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import softplus

from ganzoo import Adam, Phase, Player, Variant, option


class Tiny(Variant):
    @dataclass(frozen=True)
    class Config:
        lr: float = option(1e-3, "learning rate", above=0)

    def __init__(self, config, data):
        super().__init__(config, data)
        size = math.prod(data.shape)
        self.generator = nn.Sequential(nn.Linear(2, size), nn.Unflatten(1, data.shape))
        self.discriminator = nn.Sequential(nn.Flatten(), nn.Linear(size, 1))

    def players(self):
        adam = Adam(self.config.lr)
        return {
            "discriminator": Player(("discriminator",), adam),
            "generator": Player(("generator",), adam),
        }

    def phases(self):
        return [
            Phase("discriminator", "discriminator", self.discriminator_loss),
            Phase("generator", "generator", self.generator_loss),
        ]

    def discriminator_loss(self, batch):
        fake = self(self.sample_latent(len(batch))).detach()
        real, fake = self.discriminator(batch.image), self.discriminator(fake)
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, batch):
        return softplus(-self.discriminator(self(self.sample_latent(len(batch))))).mean()

    def sample_latent(self, n):
        return torch.randn(n, 2, device=self.device)

    def forward(self, latent, label=None):
        return self.generator(latent)
"""


SIX = {
    "torn": "broken",
    "heavy": "slow",
    "rival": "duplicate",
    "future": "incompatible",
    "nonsense": "broken",
    "loose": "broken",
}
"""What is wrong with each, by its entry point."""

NONSENSE = """
from ganzoo import hookimpl

@hookimpl
def ganzoo_register_variants():
    return "nonsense"
"""

LOOSE = TINY.replace('option(1e-3, "learning rate", above=0)', "1e-3")
"""A variant whose setting is no option."""


def init(dist: str, name: str, title: str, more: str = "") -> str:
    """The source of a plugin's ``__init__`` that offers one variant."""
    return INIT.format(name=name, module=dist.replace("-", "_"), title=title, more=more)
