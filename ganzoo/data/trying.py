"""Some samples stand for all, for a forecast or a check, to which it does not matter which."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

TRIED = 64
"""Samples that stand for all."""
_TRYING: ContextVar[bool] = ContextVar("trying", default=False)


@contextmanager
def trying() -> Iterator[None]:
    """A block in which some samples stand for all that were not decoded yet, or are to be drawn.

    It takes no longer for many than for few, and leaves no cache of all.
    """
    token = _TRYING.set(True)
    try:
        yield
    finally:
        _TRYING.reset(token)


def stand_ins(count: int) -> Tensor | None:
    """Which of the first `TRIED` samples stands for each of so many, int64 (count,).

    None: all of them are wanted.
    """
    if not _TRYING.get() or count <= TRIED:
        return None
    return torch.arange(count) % TRIED
