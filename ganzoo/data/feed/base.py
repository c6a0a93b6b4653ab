"""What every feed is: batches that are staged by the host, then drawn by the device."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from ganzoo.data.augment import Augmentation
from ganzoo.data.feed.order import Batches


class Feed(ABC):
    """An endless supply of batches on the device.

    Several feeds of one training, one a process, stage and draw alike.
    """

    def __init__(self, batches: Batches, device: torch.device, augmentation: Augmentation) -> None:
        self.batch_size = batches.size
        """Samples a batch, of all processes together."""
        self.batches_per_epoch = max(order.per_epoch for order in batches.orders)
        """Of the longest stream. Whole batches only: as every epoch has a new order, no sample is
        left out for good."""
        self._device = device
        self._augmentation = augmentation
        self._kinds = batches.kinds
        self._moved: list[list[str]] = []
        """The fields that are augmented, those of a stream together."""
        if augmentation:
            moved = ([n for n in stream if self._kinds[n].moves] for stream in batches.streams)
            self._moved = [names for names in moved if names]
        self._drawn = 0
        self._undrawn = 0

    @property
    def drawn(self) -> int:
        """How many batches have been staged: the whole position in the data. Setting it seeks."""
        return self._drawn

    @drawn.setter
    def drawn(self, number: int) -> None:
        self._drawn, self._undrawn = number, 0

    def stage(self, n: int) -> None:
        """Make the next `n` batches ready, for the next `n` draws; never waits for the device.

        What was staged before and is not drawn yet is skipped. For the same `n`, draws read from
        the same addresses: those that are captured after a `stage(n)` can be replayed after any,
        on the stream that it is called on.
        """
        self._make_ready(n)
        self._drawn += n
        self._undrawn = n

    def draw(self) -> dict[str, Tensor]:
        """The next staged batch: pure device work. Where none is left, it stages one.

        Returns:
            What the fields of all streams hold for this process's samples of each, in new tensors,
            as their kinds prepare them: images as float32 in [-1, 1], labels as int64.
        """
        if not self._capturing():  # what is captured is not drawn yet
            if not self._undrawn:
                self.stage(1)
            self._undrawn -= 1
        taken = self._take()
        for group in self._moved:
            taken |= self._augmented({name: taken[name] for name in group})
        return {name: self._kinds[name].prepared(tensor) for name, tensor in taken.items()}

    @abstractmethod
    def resized(self, batch_size: int) -> Feed:
        """A feed of the same samples, in the same order, in batches of another size, at its start.

        Raises:
            GanzooError: the processes cannot share such a batch, or there are not as many samples.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop what runs in the background; a later `stage` would start it again."""

    @abstractmethod
    def _make_ready(self, n: int) -> None:
        """Have the next `n` calls of `_take` give the batches from number `drawn` on."""

    @abstractmethod
    def _take(self) -> dict[str, Tensor]:
        """The next batch as it is stored, on the device."""

    def _capturing(self) -> bool:
        return self._device.type == "cuda" and torch.cuda.is_current_stream_capturing()

    def _augmented(self, aligned: dict[str, Tensor]) -> dict[str, Tensor]:
        """Fields of the same samples, all moved alike."""
        first = next(iter(aligned.values()))
        height, width = first.shape[-2:]
        moves = self._augmentation.draw(len(first), height, width, self._device)
        return {name: moves(tensor) for name, tensor in aligned.items()}


class Rows:
    """What a run of draws reads, on the device: a row each, at addresses that stay."""

    def __init__(self, columns: list[Tensor]) -> None:
        self.columns = columns
        """Aligned tensors, each (rows, ...)."""
        self._position = torch.zeros(1, dtype=torch.int64, device=columns[0].device)

    def seek(self, row: int) -> None:
        """Have `next` start there; asked for at each `stage`, as not every draw was made."""
        self._position.fill_(row)

    def next(self) -> list[Tensor]:
        """The next row of each column, in new tensors: pure device work."""
        row = [column.index_select(0, self._position).squeeze(0) for column in self.columns]
        self._position.add_(1)
        return row
