"""How numbers are computed on CUDA: as exactly as was asked for, and the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch

from ganzoo.engine.modes.names import TF32
from ganzoo.errors import GanzooError


def compute_in_float32(device: torch.device) -> None:
    """Have matrix products and convolutions of float32 not be rounded, for the whole process.

    On CUDA torch rounds the operands of convolutions to TF32, of 10 bits, unless it is told.
    """
    if device.type == "cuda":
        _round(False)


def arithmetic(precision: str, device: torch.device) -> Callable[[], AbstractContextManager[None]]:
    """Makes blocks in which matrix products and convolutions are what the precision says.

    Raises:
        GanzooError: the device has no such arithmetic.
    """
    if device.type == "cuda":
        return partial(_rounding, precision == TF32)
    if precision == TF32:
        raise GanzooError("--precision tf32 is arithmetic of CUDA devices: use fp32 or bf16")
    return nullcontext


@contextmanager
def _rounding(tf32: bool) -> Iterator[None]:
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    _round(tf32)
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def _round(tf32: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
