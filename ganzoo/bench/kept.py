"""How much memory the gradients of an iteration need, whatever else the process has taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class Kept:
    """Bytes of the tensors that forward passes keep for backward ones, parameters among them."""

    def __init__(self) -> None:
        self._times = Counter[int]()
        self._now = self.most = 0

    def add(self, tensor: Tensor) -> None:
        """One more is kept, perhaps the same once more."""
        place = tensor.untyped_storage().data_ptr()
        self._times[place] += 1
        if self._times[place] == 1:
            self._now += tensor.untyped_storage().nbytes()
            self.most = max(self.most, self._now)

    def drop(self, tensor: Tensor) -> None:
        """It is not kept any longer."""
        place = tensor.untyped_storage().data_ptr()
        self._times[place] -= 1
        if not self._times[place]:
            self._now -= tensor.untyped_storage().nbytes()


class _Held:
    """A tensor in the place that autograd keeps it in, for as long as it does."""

    def __init__(self, tensor: Tensor, kept: Kept) -> None:
        self.tensor, self._kept = tensor, kept
        kept.add(tensor)

    def __del__(self) -> None:
        self._kept.drop(self.tensor)


@contextmanager
def counting() -> Iterator[Kept]:
    """Count what is kept in this block."""
    kept = Kept()

    def pack(tensor: Tensor) -> _Held:
        return _Held(tensor, kept)

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda held: held.tensor):
        yield kept
