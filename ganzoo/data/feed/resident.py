"""A feed of data that fit on the device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo.data.augment import Augmentation
from ganzoo.data.feed.base import Feed, Rows
from ganzoo.data.feed.order import Batches, Order, distinct, gathered

_WINDOW = 256
"""How many batches are known ahead: to choose them anew then costs nothing a batch."""


class Resident(Feed):
    """The whole data set lies on the device, a tensor of several streams once."""

    def __init__(self, batches: Batches, device: torch.device, augmentation: Augmentation) -> None:
        super().__init__(batches, device, augmentation)
        there = {id(tensor): tensor.to(device) for tensor in distinct(batches.streams)}
        self._streams = [
            {name: there[id(tensor)] for name, tensor in stream.items()}
            for stream in batches.streams
        ]
        self._batches, self._orders = batches, batches.orders
        self._choices: dict[int, _Choices] = {}

    def resized(self, batch_size: int) -> Resident:
        batches = self._batches.resized(batch_size, self._streams)
        return Resident(batches, self._device, self._augmentation)

    def close(self) -> None:
        pass

    def _make_ready(self, n: int) -> None:
        rows = max(n, _WINDOW)
        if rows not in self._choices:
            self._choices[rows] = _Choices(self._orders, rows, self._device)
        self._staged = self._choices[rows]
        self._staged.hold(self.drawn, n)

    def _take(self) -> dict[str, Tensor]:
        return gathered(self._streams, self._staged.next())


class _Choices(Rows):
    """Which samples each of a run of batches holds: a column a stream, int64 (batches, n)."""

    def __init__(self, orders: Sequence[Order], batches: int, device: torch.device) -> None:
        shapes = [(batches, order.share) for order in orders]
        super().__init__([torch.empty(s, dtype=torch.int64, device=device) for s in shapes])
        self._orders = orders
        self._batches = range(0)

    def hold(self, number: int, n: int) -> None:
        """Have the next `n` calls of `next` give the samples from batch `number` on."""
        if number not in self._batches or number + n > self._batches.stop:
            self._batches = range(number, number + len(self.columns[0]))
            for column, order in zip(self.columns, self._orders, strict=True):
                chosen = torch.stack([order[batch] for batch in self._batches])
                if column.is_cuda:  # from pageable memory, the copy would wait
                    chosen = chosen.pin_memory()
                column.copy_(chosen, non_blocking=True)
        self.seek(number - self._batches.start)
