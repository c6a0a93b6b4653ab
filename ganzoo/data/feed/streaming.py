"""A feed of data that do not fit on the device: workers gather them, ahead of time."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor
from torch.utils import data

from ganzoo.data.augment import Augmentation
from ganzoo.data.feed.base import Feed, Rows
from ganzoo.data.feed.order import Batches
from ganzoo.data.mapped import refuse_shortened
from ganzoo.errors import GanzooError


class Streaming(Feed):
    """Worker processes gather whole batches ahead of time, across the ends of epochs.

    On CUDA a stream of its own brings as many batches as were staged last, while the device
    computes with those; to stage them is a copy within the device.
    """

    def __init__(self, batches: Batches, device: torch.device, augmentation: Augmentation) -> None:
        super().__init__(batches, device, augmentation)
        self._batches = batches
        self._loader: Iterator[dict[str, Tensor]] = iter(())
        self._position = -1
        self._ahead: deque[dict[str, Tensor]] = deque()
        self._copying: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._slots: dict[int, Rows] = {}

    def resized(self, batch_size: int) -> Streaming:
        batches = self._batches.resized(batch_size, self._batches.streams)
        return Streaming(batches, self._device, self._augmentation)

    def close(self) -> None:
        with _uninterrupted():
            self._loader = iter(())  # the loader's iterator stops its workers when it is dropped
            self._ahead.clear()
            self._position = -1

    def _make_ready(self, n: int) -> None:
        if n not in self._slots:
            self._slots[n] = Rows(self._batches.empty(n, self._device))
        self._staged = self._slots[n]
        with _uninterrupted():
            if self._position != self.drawn:
                self.close()
                self._loader = self._gather_from(self.drawn)
            self._fetch(n)
            self._position = self.drawn + n
            batches = [self._ahead.popleft() for _ in range(n)]
            if self._copying is None:
                self._fill(batches)
            else:
                computing = torch.cuda.current_stream(self._device)
                computing.wait_stream(self._copying)
                self._fill(batches)
                # The memory of `batches` is used again, but only by what is copied after this.
                self._copying.wait_stream(computing)
                del batches
                self._fetch(n)
        self._staged.seek(0)

    def _fetch(self, n: int) -> None:
        """Have `n` batches on the device, or on their way there."""
        while len(self._ahead) < n:
            try:
                batch = next(self._loader)
            except (GanzooError, RuntimeError):  # a worker's, with torch's traceback in it
                refuse_shortened()
                raise
            with torch.cuda.stream(self._copying):
                there = {k: v.to(self._device, non_blocking=True) for k, v in batch.items()}
            self._ahead.append(there)

    def _fill(self, batches: Sequence[Mapping[str, Tensor]]) -> None:
        for row, batch in enumerate(batches):
            for column, tensor in zip(self._staged.columns, batch.values(), strict=True):
                column[row].copy_(tensor)

    def _take(self) -> dict[str, Tensor]:
        return dict(zip(self._batches.names, self._staged.next(), strict=True))

    def _gather_from(self, number: int) -> Iterator[dict[str, Tensor]]:
        return iter(
            data.DataLoader(
                self._batches,
                batch_size=None,
                sampler=count(number),
                num_workers=max(1, min(4, _cores() - 1)),
                pin_memory=self._device.type == "cuda",
                # A forked worker shares the mapped tensors; any other would be sent a copy.
                multiprocessing_context="fork" if sys.platform == "linux" else None,
                # The loader draws a seed that nobody needs: not from the training's generator.
                generator=torch.Generator(),
            )
        )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until the block ends, for good in processes that are started in it.

    So workers leave it to the main process to stop them, and that never drops a batch half-way
    through its reception, at which they would print a traceback each.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
