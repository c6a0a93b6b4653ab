"""Drawing samples so that each depends on its latent alone."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.engine.device import seeded
from ganzoo.errors import GanzooError
from ganzoo.variant import Variant

CHUNK = 250
"""Samples drawn at once: always as many, so that the first of 10,000 are the same as of 10."""


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
