"""What of a variant is exported: networks that are called with latents, or with images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from ganzoo.abilities import (
    Classifier,
    Encoder,
    Enlarger,
    Restorer,
    Translator,
    asked_of,
    draws,
)
from ganzoo.draws import seeded
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


class Making(nn.Module):
    """What a variant makes of images, by one of its methods."""

    def __init__(self, variant: object, method: str, **asked: str | float) -> None:
        super().__init__()
        assert isinstance(variant, nn.Module)
        self.variant, self.method, self.asked = variant, method, asked

    def forward(self, *images: Tensor) -> Tensor:
        """As many results."""
        made: Tensor = getattr(self.variant, self.method)(*images, **self.asked)
        return made


@dataclass(frozen=True)
class Network:
    """One that is exported."""

    name: str
    """Of its file: what it is, such as ``"generator"``, or a direction."""
    module: nn.Module
    """In eval mode, on the CPU."""
    inputs: tuple[str, ...]
    """The names of its arguments, in order."""
    sample_inputs: Callable[[int], tuple[Tensor, ...]]
    """So many of each, the same each time."""
    output: str = "sample"
    """The name of what it makes."""
    multiple: int = 0
    """Of how many pixels the sides of images must be; 0: they must be as those of the training."""
    factor: int = 1
    """How many times as high and wide as they are it makes images."""

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
    asked: Mapping[str, object] = field(default_factory=dict)
    """What translations should be like, by the names of the variant's controls; likewise."""

    def __post_init__(self) -> None:
        for name in dict(self.variant.named_children()).keys() - {*self.variant.published}:
            delattr(self.variant, name)

    @cached_property
    def networks(self) -> list[Network]:
        """All that are exported, the most wanted one first.

        Raises:
            GanzooError: there are none, or one is asked for what it cannot be asked.
        """
        variant = self.variant
        if self.truncation != 1 and not draws(variant):
            raise GanzooError("--truncation is of a variant that draws samples: leave it out")
        if self.asked and not isinstance(variant, Translator):
            raise GanzooError("--set is of a variant that translates images: leave it out")
        found = [*self._drawing(), *self._of_images()]
        if not found:
            raise GanzooError(
                f"{type(variant).__name__} has nothing to export: it neither draws samples nor "
                "makes anything of images"
            )
        return found

    def _drawing(self) -> Iterator[Network]:
        if draws(self.variant):
            labelled = ("label",) if self.variant.conditional else ()
            module = Drawing(self.variant, self.truncation)
            yield Network("generator", module, ("latent", *labelled), self._latents)

    def _of_images(self) -> Iterator[Network]:
        variant = self.variant
        shape = variant.data.sample.shape
        if isinstance(variant, Translator):
            yield from self._translating(variant)
        if isinstance(variant, Enlarger):
            channels, height, width = shape
            small = channels, height // variant.factor, width // variant.factor
            yield Network(
                *("enlarger", Making(variant, "enlarge"), ("image",)),
                _images(small, variant.multiple),
                multiple=variant.multiple,
                factor=variant.factor,
            )
        if isinstance(variant, Restorer):
            given = "image", "missing"
            yield Network("restorer", Making(variant, "restore"), given, _holed(shape))
        if isinstance(variant, Encoder):
            module = Making(variant, "encode")
            yield Network("encoder", module, ("image",), _images(shape), "latent")
        if isinstance(variant, Classifier):
            module = Making(variant, "classify")
            yield Network("classifier", module, ("image",), _images(shape), "probabilities")

    def _translating(self, variant: Translator) -> Iterator[Network]:
        if variant.stochastic:
            raise GanzooError(
                f"{type(variant).__name__} translates by chance, which no exported network can be "
                "compared by: use `ganzoo translate`"
            )
        if (known := variant.controls()) and not self.asked:
            name = next(iter(known))
            raise GanzooError(
                f"say what images should become, as it becomes a part of the network: --set "
                f"NAME=VALUE, where NAME is {' or '.join(known)}, such as --set {name}="
                f"{[*known[name].choices, 1][-1]}"
            )
        asked = asked_of(variant, self.asked)
        for way in variant.directions:
            module = Making(variant, "translate", direction=way.name, **asked)
            shape = self.variant.data.fields[way.source].shape
            yield Network(way.name, module, ("image",), _images(shape))

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


def _images(shape: tuple[int, ...], multiple: int = 0) -> Callable[[int], tuple[Tensor, ...]]:
    """Makes images; each number of them of another size, where they may be of any."""

    def draw(n: int) -> tuple[Tensor, ...]:
        channels, *sides = shape
        larger = [side + multiple * (n + place) for place, side in enumerate(sides)]
        generator = torch.Generator().manual_seed(0)
        return (torch.rand(n, channels, *larger, generator=generator) * 2 - 1,)

    return draw


def _holed(shape: tuple[int, ...]) -> Callable[[int], tuple[Tensor, ...]]:
    """Makes images, and what is missing from them: their upper left quarter."""

    def draw(n: int) -> tuple[Tensor, ...]:
        (image,) = _images(shape)(n)
        missing = torch.zeros_like(image[:, :1])
        missing[..., : shape[1] // 2, : shape[2] // 2] = 1
        return image * (1 - missing), missing

    return draw
