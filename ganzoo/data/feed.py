"""How the engine gets its batches: one interface, whether the data fit on the device or not.

Batch k is a function of the seed and of k alone: epoch e visits the samples in the e-th random
order, and a ragged last batch is left out. So the position in the data is one integer, the order
is the same on every device, and both feeds give the same batches bit for bit.
"""

import hashlib
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor
from torch.utils import data

from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError


class Feed(ABC):
    """An endless supply of batches on the device."""

    batch_size: int
    batches_per_epoch: int
    """Whole batches only: as every epoch has a new order, no sample is left out for good."""
    drawn: int = 0
    """How many batches have been drawn: the whole position in the data. Setting it seeks."""

    @abstractmethod
    def draw(self) -> dict[str, Tensor]:
        """The next batch on the device, never waiting for the device.

        Returns:
            What the data set's fields hold for `batch_size` samples: images as float32 in [-1, 1],
            points as they are, labels as int64.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop what runs in the background; a later `draw` would start it again."""


def make_feed(
    dataset: Dataset,
    batch_size: int,
    *,
    device: torch.device,
    seed: int,
    budget: int | None = None,
) -> Feed:
    """A feed of random batches, resident on the device where the data fit, else streaming.

    Args:
        dataset: what to draw from.
        batch_size: samples a batch.
        device: where the batches are wanted.
        seed: of the order of the samples.
        budget: bytes that the data may take on the device; None: half of what is free on a CUDA
            device, a quarter of the physical memory elsewhere.

    Raises:
        GanzooError: a batch is larger than the data set.
    """
    samples = len(dataset)
    if batch_size > samples:
        raise GanzooError(
            f"--batch-size {batch_size} is larger than the data set '{dataset.name}', "
            f"which has {samples} samples: choose at most {samples}"
        )
    size = sum(tensor.nbytes for tensor in dataset.fields.values())
    resident = size <= (_default_budget(device) if budget is None else budget)
    return (_Resident if resident else _Streaming)(dataset, batch_size, device, seed)


def permutation(samples: int, seed: int, epoch: int) -> Tensor:
    """The order in which an epoch visits the samples: int64 (samples,), on the CPU."""
    mixed = hashlib.blake2b(f"{seed}:{epoch}".encode(), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(mixed, "little"))
    return torch.randperm(samples, generator=generator)


class _Batches(data.Dataset[dict[str, Tensor]]):
    """The batches, by number, as the data set stores them and where its tensors are."""

    def __init__(self, fields: dict[str, Tensor], batch_size: int, seed: int) -> None:
        tensor = next(iter(fields.values()))
        self._fields = fields
        self._samples, self._device = tensor.shape[0], tensor.device
        self._batch_size, self._seed = batch_size, seed
        self._epoch = -1
        self._order = torch.empty(0)
        self.per_epoch = self._samples // batch_size

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        epoch, batch = divmod(number, self.per_epoch)
        if epoch != self._epoch:
            order = permutation(self._samples, self._seed, epoch)
            if self._device.type == "cuda":  # from pageable memory, the copy would wait
                order = order.pin_memory()
            self._order = order.to(self._device, non_blocking=True)
            self._epoch = epoch
        chosen = self._order[batch * self._batch_size : (batch + 1) * self._batch_size]
        return {name: tensor.index_select(0, chosen) for name, tensor in self._fields.items()}


class _Resident(Feed):
    """The whole data set lies on the device."""

    def __init__(self, dataset: Dataset, batch_size: int, device: torch.device, seed: int) -> None:
        fields = {name: tensor.to(device) for name, tensor in dataset.fields.items()}
        self._batches = _Batches(fields, batch_size, seed)
        self.batch_size, self.batches_per_epoch = batch_size, self._batches.per_epoch

    def draw(self) -> dict[str, Tensor]:
        batch = self._batches[self.drawn]
        self.drawn += 1
        return {name: _prepared(tensor) for name, tensor in batch.items()}

    def close(self) -> None:
        pass


class _Streaming(Feed):
    """Worker processes gather whole batches ahead of time, across the ends of epochs."""

    def __init__(self, dataset: Dataset, batch_size: int, device: torch.device, seed: int) -> None:
        self._batches = _Batches(dataset.fields, batch_size, seed)
        self._device = device
        self._ahead: Iterator[dict[str, Tensor]] = iter(())
        self._position = -1
        self.batch_size, self.batches_per_epoch = batch_size, self._batches.per_epoch

    def draw(self) -> dict[str, Tensor]:
        with _uninterrupted():
            if self._position != self.drawn:
                self.close()
                self._ahead = self._gather_from(self.drawn)
            batch = next(self._ahead)
            self.drawn += 1
            self._position = self.drawn
        return {
            name: _prepared(tensor.to(self._device, non_blocking=True))
            for name, tensor in batch.items()
        }

    def close(self) -> None:
        with _uninterrupted():
            self._ahead = iter(())  # the loader's iterator stops its workers when it is dropped
            self._position = -1

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


def _prepared(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.uint8:
        return tensor.to(torch.float32).div_(127.5).sub_(1)
    return tensor


def _default_budget(device: torch.device) -> int:
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free // 2
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
