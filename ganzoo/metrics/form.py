"""From samples as a file has them to those of a batch, and back: images are 8 bits in files."""

import torch
from torch import Tensor

from ganzoo.artifacts.pixels import to_bytes, to_floats


def as_batch(stored: Tensor, device: torch.device) -> Tensor:
    """Stored samples as a variant takes them: bytes as float32 in [-1, 1], others as they are."""
    if stored.dtype == torch.uint8:
        return to_floats(stored.to(device))
    return stored.to(device)


def as_stored(samples: Tensor, like: Tensor) -> Tensor:
    """What a variant made as stored samples such as `like` have it, on the CPU."""
    if like.dtype == torch.uint8:
        return to_bytes(samples).cpu()
    return samples.to(like.dtype).cpu()
