"""Values in [-1, 1], which networks see, and the whole numbers that files hold: 8 or 16 bits."""

import torch
from torch import Tensor

OFFSET = 1 << 15
"""16 bits are stored as int16, which torch can index: the value in a file less this."""


def to_floats(stored: Tensor) -> Tensor:
    """uint8, or int16 for 16 bits, as float32 in [-1, 1]: the least is exactly -1, white 1."""
    if stored.dtype == torch.int16:
        return stored.to(torch.float32).add_(OFFSET).div_(32767.5).sub_(1)
    return stored.to(torch.float32).div_(127.5).sub_(1)


def to_bytes(values: Tensor) -> Tensor:
    """[-1, 1] as uint8 in [0, 255]."""
    return ((values + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_words(values: Tensor) -> Tensor:
    """[-1, 1] as 16 bits, the way that `to_floats` reads them."""
    return (((values + 1) * 32767.5).round().clamp(0, 65535) - OFFSET).to(torch.int16)
