"""Generative Adversarial Nets (Goodfellow et al. 2014): two multilayer perceptrons."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

from torch import Tensor, nn

from ganzoo import (
    Adversarial,
    AdversarialConfig,
    DataSpec,
    Discriminator,
    Generator,
    option,
)


@dataclass(frozen=True)
class VanillaConfig(AdversarialConfig):
    """The game's settings and the widths of both networks."""

    lr: float = option(1e-3, "learning rate of both Adams", above=0)
    generator_widths: tuple[int, ...] = option(
        (128, 256, 512, 1024), "units of G's hidden layers (for points 128,128,128)", minimum=1
    )
    discriminator_widths: tuple[int, ...] = option(
        (512, 256), "units of D's hidden layers (for points 128,128,128)", minimum=1
    )


def hidden_layers(inputs: int, widths: Sequence[int], *, normalise: bool) -> list[nn.Module]:
    """Linear layers, each followed by BatchNorm if asked for and by LeakyReLU 0.2."""
    layers: list[nn.Module] = []
    for i, o in pairwise([inputs, *widths]):
        layers.append(nn.Linear(i, o))
        if normalise:
            layers.append(nn.BatchNorm1d(o))
        layers.append(nn.LeakyReLU(0.2))
    return layers


class MLPGenerator(Generator):
    """z -> G(z); images end in tanh, points are unbounded."""

    def __init__(self, latent_dim: int, widths: Sequence[int], data: DataSpec) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *hidden_layers(latent_dim, widths, normalise=True),
            nn.Linear([latent_dim, *widths][-1], prod(data.shape)),
            nn.Tanh() if data.is_image else nn.Identity(),
            nn.Unflatten(1, data.shape),
        )

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        out: Tensor = self.net(latent)
        return out


class MLPDiscriminator(Discriminator):
    """x -> logits of D(x)."""

    def __init__(self, widths: Sequence[int], data: DataSpec) -> None:
        super().__init__()
        inputs = prod(data.shape)
        self.net = nn.Sequential(
            nn.Flatten(),
            *hidden_layers(inputs, widths, normalise=False),
            nn.Linear([inputs, *widths][-1], 1),
            nn.Flatten(0),
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        logits: Tensor = self.net(image)
        return logits


class Vanilla(Adversarial):
    """G and D of section 5, on samples of any shape."""

    Config = VanillaConfig
    judged_by = ("parzen",)

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        if data.is_image:
            return {"steps": 9380, "batch_size": 64}
        widths = (128, 128, 128)
        return {
            "steps": 6000,
            "batch_size": 256,
            "latent_dim": 16,
            "generator_widths": widths,
            "discriminator_widths": widths,
        }

    def __init__(self, config: VanillaConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator = MLPGenerator(config.latent_dim, config.generator_widths, data)
        self.discriminator = MLPDiscriminator(config.discriminator_widths, data)
