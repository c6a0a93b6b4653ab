"""What of a variant is exported: networks that are called with latents, or with images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from ganzoo.abilities import Translator, draws
from ganzoo.engine.device import seeded
from ganzoo.errors import GanzooError
from ganzoo.variant import Variant

LOOKED_AT = 4096
"""Latents by which the prior is known."""
SHIPPED = 1000
"""Latents that are written, where the prior is none that everybody has."""


class Drawing(nn.Module):
    """Samples of latents, as `Variant.forward` or `Variant.truncated` draws them."""

    def __init__(self, variant: Variant, psi: float) -> None:
        super().__init__()
        self.variant, self.psi = variant, psi

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Samples (n, ...)."""
        if self.psi == 1:
            return self.variant(latent, label)
        return self.variant.truncated(latent, self.psi, label)


class Translating(nn.Module):
    """Translations in one direction."""

    def __init__(self, variant: Translator, direction: str) -> None:
        super().__init__()
        assert isinstance(variant, nn.Module)
        self.variant, self.direction = variant, direction

    def forward(self, image: Tensor) -> Tensor:
        """As many images."""
        return self.variant.translate(image, self.direction)


@dataclass(frozen=True)
class Network:
    """One that is exported."""

    name: str
    """Of its file: ``"generator"``, or that of a direction."""
    module: nn.Module
    """In eval mode, on the CPU."""
    inputs: tuple[str, ...]
    """The names of its arguments, in order."""
    sample_inputs: Callable[[int], tuple[Tensor, ...]]
    """So many of each, the same each time."""

    def __call__(self, *inputs: Tensor) -> Tensor:
        """What it makes of inputs."""
        with torch.no_grad():
            made: Tensor = self.module(*inputs)
        return made


@dataclass(frozen=True)
class Subject:
    """A trained variant that is exported; it loses the networks that only its training needs."""

    variant: Variant
    truncation: float = 1.0
    """ψ, with which samples are drawn; it becomes a part of the network."""

    def __post_init__(self) -> None:
        for name in dict(self.variant.named_children()).keys() - {*self.variant.published}:
            delattr(self.variant, name)

    @cached_property
    def networks(self) -> list[Network]:
        """All that are exported.

        Raises:
            GanzooError: there are none.
        """
        variant = self.variant
        found = []
        if self.truncation != 1 and not draws(variant):
            raise GanzooError("--truncation is of a variant that draws samples: leave it out")
        if draws(variant):
            labelled = ("label",) if variant.conditional else ()
            found.append(
                Network(
                    "generator",
                    Drawing(variant, self.truncation),
                    ("latent", *labelled),
                    self._latents,
                )
            )
        elif isinstance(variant, Translator):
            if variant.controls() or variant.stochastic:
                raise GanzooError(
                    f"{type(variant).__name__} translates as it is asked to, or by chance, which "
                    "no exported network can be told: use `ganzoo translate`"
                )
            for way in variant.directions:
                module = Translating(variant, way.name)
                field = variant.data.fields[way.source]
                found.append(Network(way.name, module, ("image",), _images(field.shape)))
        if not found:
            raise GanzooError(
                f"{type(variant).__name__} has no generator to export: it draws no samples, and "
                "translates none"
            )
        return found

    def _latents(self, n: int) -> tuple[Tensor, ...]:
        variant = self.variant
        with seeded(0, variant.device):
            latent = variant.sample_latent(n)
        if not variant.conditional:
            return (latent,)
        return latent, torch.arange(n) % variant.data.classes

    @cached_property
    def latents(self) -> Tensor:
        """Many of the prior, where the variant draws samples."""
        with seeded(0, self.variant.device):
            return self.variant.sample_latent(LOOKED_AT)

    @property
    def shipped(self) -> Tensor:
        """Those that are written."""
        return self.latents[:SHIPPED]

    @cached_property
    def prior(self) -> str:
        """``"normal"``, ``"uniform"`` in [-1, 1], or empty: another one."""
        return prior_of(self.latents)


def prior_of(latents: Tensor) -> str:
    """Which prior latents (n, ...) are of, as far as their moments tell; empty: of none known.

    The mean, the variance and the fourth moment of each dimension are compared, and whether the
    dimensions are independent of each other.
    """
    flat = latents.double().flatten(1)
    mean, square, fourth = flat.mean(0), flat.square().mean(0), flat.pow(4).mean(0)
    noise = 1 / len(flat) ** 0.5

    def like(variance: float, kurtosis: float) -> bool:
        near = bool((mean.abs() < 6 * noise * variance**0.5).all())
        spread = (square / variance - 1).abs().max() < 8 * noise * (kurtosis - 1) ** 0.5
        peaked = (fourth.mean() / variance**2 - kurtosis).abs() < 0.1 * kurtosis
        return near and bool(spread) and bool(peaked)

    related = flat.T @ flat / len(flat)
    related.fill_diagonal_(0)
    apart = bool((related.abs() < 7 * noise * square.max()).all())
    if apart and like(1.0, 3.0):
        return "normal"
    if apart and like(1 / 3, 9 / 5) and bool((flat.abs() <= 1).all()):
        return "uniform"
    return ""


def _images(shape: tuple[int, ...]) -> Callable[[int], tuple[Tensor, ...]]:
    def draw(n: int) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(0)
        return (torch.rand(n, *shape, generator=generator) * 2 - 1,)

    return draw
