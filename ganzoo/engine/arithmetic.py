"""How numbers are computed on CUDA: as exactly as was asked for, and the same each time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch

from ganzoo.engine.modes.names import TF32
from ganzoo.errors import GanzooError


def compute_exactly(device: torch.device) -> None:
    """Have the device compute in float32 and the same each time, for the whole process.

    Unless it is told, torch rounds the operands of convolutions on CUDA to TF32, of 10 bits, and
    adds up some gradients there in any order. Of what it has in no other form it now warns.
    """
    if device.type == "cuda":
        _round(False)
        # Both are read when they are first needed: by cuBLAS, and by the compiler, which would
        # choose among reductions by time.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        os.environ.setdefault("TORCHINDUCTOR_DETERMINISTIC", "1")
        # As `use_deterministic_algorithms`, which imports the compiler for a second.
        torch.set_deterministic_debug_mode("warn")
        # Memory that nobody reads.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


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
