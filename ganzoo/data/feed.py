"""How the engine gets its batches: one interface, whether the data fit on the device or not.

A batch joins what is drawn from one or more streams: groups of aligned tensors, each visited in
random orders of its own. Batch k is a function of the seed and of k alone: epoch e of a stream
visits its samples in the e-th order, and a ragged last batch is left out. So the position in the
data is one integer, the order is the same on every device, and both feeds give the same batches
bit for bit.
"""

import hashlib
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor
from torch.utils import data

from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError

Streams = Sequence[Mapping[str, Tensor]]
"""Groups of aligned tensors; each group has as many samples as it likes."""


class Feed(ABC):
    """An endless supply of batches on the device."""

    batch_size: int
    batches_per_epoch: int
    """Of the longest stream. Whole batches only: as every epoch has a new order, no sample is left
    out for good."""
    drawn: int = 0
    """How many batches have been drawn: the whole position in the data. Setting it seeks."""

    @abstractmethod
    def draw(self) -> dict[str, Tensor]:
        """The next batch on the device, never waiting for the device.

        Returns:
            What the fields of all streams hold for `batch_size` samples of each: images as float32
            in [-1, 1], points as they are, labels as int64.
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
    streams: Streams | None = None,
    budget: int | None = None,
) -> Feed:
    """A feed of random batches, resident on the device where the data fit, else streaming.

    Args:
        dataset: what to draw from.
        batch_size: samples a batch.
        device: where the batches are wanted.
        seed: of the order of the samples.
        streams: groups of the data set's tensors (see `Variant.streams`), of which one shorter
            than a batch is repeated until it fills one; None: its fields are the only one.
        budget: bytes that the data may take on the device; None: half of what is free on a CUDA
            device, a quarter of the physical memory elsewhere.

    Raises:
        GanzooError: a batch is larger than the data set, or two streams share a name.
    """
    streams = [dataset.fields] if streams is None else streams
    names = [name for stream in streams for name in stream]
    for name in names:
        if names.count(name) > 1:
            raise GanzooError(f"two streams of '{dataset.name}' have a field '{name}'")
    samples = max(map(_length, streams))
    if batch_size > samples:
        raise GanzooError(
            f"--batch-size {batch_size} is larger than the data set '{dataset.name}', "
            f"which has {samples} samples: choose at most {samples}"
        )
    size = sum(tensor.nbytes for tensor in _distinct(streams))
    resident = size <= (_default_budget(device) if budget is None else budget)
    return (_Resident if resident else _Streaming)(streams, batch_size, device, seed)


def first_samples(streams: Streams, n: int, device: torch.device) -> dict[str, Tensor]:
    """The first `n` samples of each stream, or all that it has, as they are in a batch."""
    return {
        name: _prepared(tensor[:n].to(device))
        for stream in streams
        for name, tensor in stream.items()
    }


def permutation(samples: int, seed: int, epoch: int, stream: int = 0) -> Tensor:
    """The order in which an epoch visits a stream's samples: int64 (samples,), on the CPU."""
    text = f"{seed}:{epoch}:{stream}" if stream else f"{seed}:{epoch}"
    mixed = hashlib.blake2b(text.encode(), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(mixed, "little"))
    return torch.randperm(samples, generator=generator)


class _Stream:
    """The batches of one stream, by number, as it is stored and where its tensors are."""

    def __init__(
        self, fields: Mapping[str, Tensor], batch_size: int, seed: int, number: int
    ) -> None:
        self._fields, self._batch_size = fields, batch_size
        self._seed, self._number = seed, number
        self._samples = _length(fields)
        self._visited = -(-batch_size // self._samples) * self._samples  # a batch at least
        self._device = next(iter(fields.values())).device
        self._epoch = -1
        self._order = torch.empty(0)
        self.per_epoch = self._visited // batch_size

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        epoch, batch = divmod(number, self.per_epoch)
        if epoch != self._epoch:
            order = permutation(self._visited, self._seed, epoch, self._number) % self._samples
            if self._device.type == "cuda":  # from pageable memory, the copy would wait
                order = order.pin_memory()
            self._order = order.to(self._device, non_blocking=True)
            self._epoch = epoch
        chosen = self._order[batch * self._batch_size : (batch + 1) * self._batch_size]
        return {name: tensor.index_select(0, chosen) for name, tensor in self._fields.items()}


class _Batches(data.Dataset[dict[str, Tensor]]):
    """The batches of all streams, by number."""

    def __init__(self, streams: Streams, batch_size: int, seed: int) -> None:
        self._streams = [
            _Stream(fields, batch_size, seed, number) for number, fields in enumerate(streams)
        ]
        self.per_epoch = max(stream.per_epoch for stream in self._streams)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return {name: tensor for stream in self._streams for name, tensor in stream[number].items()}


class _Resident(Feed):
    """The whole data set lies on the device, a tensor of several streams once."""

    def __init__(self, streams: Streams, batch_size: int, device: torch.device, seed: int) -> None:
        there = {id(tensor): tensor.to(device) for tensor in _distinct(streams)}
        self._batches = _Batches(
            [{name: there[id(tensor)] for name, tensor in stream.items()} for stream in streams],
            batch_size,
            seed,
        )
        self.batch_size, self.batches_per_epoch = batch_size, self._batches.per_epoch

    def draw(self) -> dict[str, Tensor]:
        batch = self._batches[self.drawn]
        self.drawn += 1
        return {name: _prepared(tensor) for name, tensor in batch.items()}

    def close(self) -> None:
        pass


class _Streaming(Feed):
    """Worker processes gather whole batches ahead of time, across the ends of epochs."""

    def __init__(self, streams: Streams, batch_size: int, device: torch.device, seed: int) -> None:
        self._batches = _Batches(streams, batch_size, seed)
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


def _length(fields: Mapping[str, Tensor]) -> int:
    return next(iter(fields.values())).shape[0]


def _distinct(streams: Streams) -> list[Tensor]:
    return [*{id(tensor): tensor for stream in streams for tensor in stream.values()}.values()]


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
