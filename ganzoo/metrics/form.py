"""From samples as a file has them to those of a batch, and back, as their kind says."""

import torch
from torch import Tensor

from ganzoo.data.kinds import kind_of
from ganzoo.spec import Field


def as_batch(field: Field, stored: Tensor, device: torch.device) -> Tensor:
    """Stored samples of a field as a variant takes them, on its device."""
    return kind_of(field.kind).prepared(stored.to(device))


def as_stored(field: Field, made: Tensor) -> Tensor:
    """What a variant made of a field as files have it, on the CPU."""
    return kind_of(field.kind).restored(field, made).cpu()
