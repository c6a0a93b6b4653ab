"""Drawing samples so that each depends on its latent alone."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganzoo import checkpoint
from ganzoo.config import build
from ganzoo.engine.device import seeded
from ganzoo.errors import GanzooError
from ganzoo.plugins import preferring, registry
from ganzoo.run import Run
from ganzoo.spec import DataSpec
from ganzoo.variant import Variant

CHUNK = 250
"""Samples drawn at once: always as many, so that the first of 10,000 are the same as of 10."""


def load_variant(run: Run, device: torch.device, which: str = "last") -> Variant:
    """The variant of a run with the weights of a checkpoint, in eval mode.

    Args:
        run: whose variant.
        device: where it is put.
        which: checkpoint: ``"last"``, ``"best"`` or a step.

    Raises:
        GanzooError: its plugin is missing, or the checkpoint is missing, damaged or does not fit.
    """
    with preferring(run.plugins):
        variant = build_variant(run.settings, device)
    expected = published_weights(variant)
    tensors = checkpoint.load_weights(run.checkpoint_at(which), run.identity, expected)
    with torch.no_grad():
        for name, live in expected.items():
            live.copy_(tensors[name])
    return variant.eval()


def build_variant(settings: dict[str, Any], device: torch.device) -> Variant:
    """The variant that a ``run.json`` describes, its weights drawn from the default generator."""
    name, data = settings["variant"], settings["data"]
    qualified = f"{name['plugin']}:{name['name']}"
    cls: type[Variant] = registry().variant(qualified).load()
    spec = DataSpec(tuple(data["shape"]), data["classes"], data["name"], data.get("domains", 1))
    return cls(build(cls.Config, settings["config"]), spec).to(device)


def published_weights(variant: Variant) -> dict[str, Tensor]:
    """The live tensors of the networks that `Variant.forward` needs, by name."""
    live = {
        f"{net}.{name}": value
        for net in variant.published
        for name, value in variant.get_submodule(net).state_dict(keep_vars=True).items()
    }
    return {name: value.detach() for name, value in checkpoint.distinct(live).items()}


class Drawn(NamedTuple):
    """Some samples, on the CPU."""

    samples: Tensor
    """Images (n, channels, height, width) in [-1, 1], or points (n, dimensions)."""
    labels: Tensor | None
    """int64 (n,), of a conditional variant."""


@torch.no_grad()
def generate(variant: Variant, n: int, *, seed: int, label: int | None = None) -> Iterator[Drawn]:
    """`n` samples of a variant in eval mode, in chunks.

    Args:
        variant: as `load_variant` gives it.
        n: how many.
        seed: of the latents; the same seed gives the same samples for any `n`.
        label: the class of all samples, of a conditional variant.

    Raises:
        GanzooError: the variant is not conditional, or has no such label.
    """
    if label is not None and not variant.conditional:
        raise GanzooError("--label needs a conditional variant: this one draws from all classes")
    if label is not None and not 0 <= label < variant.data.classes:
        raise GanzooError(f"--label must be 0 to {variant.data.classes - 1}, not {label}")
    with seeded(seed, variant.device):
        for start in range(0, n, CHUNK):
            latent = variant.sample_latent(CHUNK)
            labels = None
            if variant.conditional:
                labels = torch.arange(start, start + CHUNK, device=variant.device)
                labels %= variant.data.classes
                if label is not None:
                    labels.fill_(label)
            samples = variant(latent, labels)[: n - start].cpu()
            yield Drawn(samples, None if labels is None else labels[: n - start].cpu())
