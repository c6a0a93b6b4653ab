"""How the engine gets its batches: one interface, whether the data fit on the device or not.

A batch joins what is drawn from one or more streams: groups of aligned tensors, each visited in
random orders of its own. Batch k is a function of the seed and of k alone: epoch e of a stream
visits its samples in the e-th order, and a ragged last batch is left out. So the position in the
data is one integer, the order is the same on every device, and both feeds give the same batches
bit for bit. Several processes share each batch: each sees its own part of it.

Drawing has two halves. `Feed.stage` is the host's: it decides which samples come next and has them
brought. `Feed.draw` is the device's: the same operations at the same addresses each time, so that
an iteration can be captured once and replayed.
"""

import hashlib
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor
from torch.utils import data

from ganzoo.data.augment import Augmentation
from ganzoo.data.dataset import Dataset
from ganzoo.errors import GanzooError

Streams = Sequence[Mapping[str, Tensor]]
"""Groups of aligned tensors; each group has as many samples as it likes."""

_WINDOW = 256
"""How many batches a resident feed knows ahead: to choose them anew then costs nothing a batch."""


class Feed(ABC):
    """An endless supply of batches on the device.

    Several feeds of one training, one a process, stage and draw alike.
    """

    def __init__(
        self, batches: "_Batches", device: torch.device, augmentation: Augmentation
    ) -> None:
        self.batch_size = batches.size
        """Samples a batch, of all processes together."""
        self.batches_per_epoch = max(order.per_epoch for order in batches.orders)
        """Of the longest stream. Whole batches only: as every epoch has a new order, no sample is
        left out for good."""
        self._device = device
        self._augmentation = augmentation
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
            What the fields of all streams hold for this process's samples of each, in new tensors:
            images as float32 in [-1, 1], points as they are, labels as int64.
        """
        if not self._capturing():  # what is captured is not drawn yet
            if not self._undrawn:
                self.stage(1)
            self._undrawn -= 1
        return {name: self._prepare(tensor) for name, tensor in self._take().items()}

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

    def _prepare(self, tensor: Tensor) -> Tensor:
        if self._augmentation and _holds_images(tensor):
            tensor = self._augmentation(tensor)
        return _prepared(tensor)


def make_feed(
    dataset: Dataset,
    batch_size: int,
    *,
    device: torch.device,
    seed: int,
    streams: Streams | None = None,
    budget: int | None = None,
    shard: tuple[int, int] = (0, 1),
    flip: bool = False,
    crop: int = 0,
) -> Feed:
    """A feed of random batches, resident on the device where the data fit, else streaming.

    Args:
        dataset: what to draw from.
        batch_size: samples a batch, of all processes together.
        device: where the batches are wanted.
        seed: of the order of the samples.
        streams: groups of the data set's tensors (see `Variant.streams`), of which one shorter
            than a batch is repeated until it fills one; None: its fields are the only one.
        budget: bytes that the data may take on the device; None: half of what is free on a CUDA
            device, a quarter of the physical memory elsewhere.
        shard: this process's number, from 0, and how many there are: of N that share batches of
            N*b samples, process r gets samples r*b to (r+1)*b of each.
        flip: mirror each image left and right with probability 1/2.
        crop: move each image by up to so many pixels (see `Augmentation`).

    Raises:
        GanzooError: a batch is larger than the data set or cannot be shared, two streams share a
            name, or there are no images to be flipped or cropped so.
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
    _, processes = shard
    if batch_size % processes:
        raise GanzooError(
            f"--batch-size {batch_size} cannot be shared equally by {processes} processes: "
            f"choose a multiple of {processes}"
        )
    augmentation = Augmentation(flip, crop)
    _check_augmentation(augmentation, dataset.name, streams)
    size = sum(tensor.nbytes for tensor in _distinct(streams))
    resident = size <= (_default_budget(device) if budget is None else budget)
    batches = _Batches(streams, batch_size, seed, shard)
    return (_Resident if resident else _Streaming)(batches, device, augmentation)


def first_samples(streams: Streams, n: int, device: torch.device) -> dict[str, Tensor]:
    """The first `n` samples of each stream, or all that it has, as in a batch: not augmented."""
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


class _Order:
    """Which samples of one stream this process sees of each batch, by the batch's number."""

    def __init__(
        self, samples: int, batch_size: int, seed: int, stream: int, shard: tuple[int, int]
    ) -> None:
        rank, processes = shard
        self._samples, self._batch_size = samples, batch_size
        self._seed, self._stream = seed, stream
        self._visited = -(-batch_size // samples) * samples  # a batch at least
        self._epoch = -1
        self._permutation = torch.empty(0)
        self.per_epoch = self._visited // batch_size
        self.share = batch_size // processes
        self._first = rank * self.share

    def __getitem__(self, number: int) -> Tensor:
        epoch, batch = divmod(number, self.per_epoch)
        if epoch != self._epoch:
            order = permutation(self._visited, self._seed, epoch, self._stream)
            self._epoch, self._permutation = epoch, order % self._samples
        start = batch * self._batch_size + self._first
        return self._permutation[start : start + self.share]


class _Batches(data.Dataset[dict[str, Tensor]]):
    """What this process sees of each batch as it is stored, by number: what workers gather."""

    def __init__(
        self, streams: Streams, batch_size: int, seed: int, shard: tuple[int, int]
    ) -> None:
        self.streams, self.size = streams, batch_size
        self.orders = [
            _Order(_length(stream), batch_size, seed, number, shard)
            for number, stream in enumerate(streams)
        ]
        self.names = [name for stream in streams for name in stream]

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return _gathered(self.streams, [order[number] for order in self.orders])

    def empty(self, n: int, device: torch.device) -> list[Tensor]:
        """Room for `n` batches: a tensor (n, samples, ...) for each name."""
        return [
            torch.empty(n, order.share, *tensor.shape[1:], dtype=tensor.dtype, device=device)
            for stream, order in zip(self.streams, self.orders, strict=True)
            for tensor in stream.values()
        ]


class _Rows:
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


class _Choices(_Rows):
    """Which samples each of a run of batches holds: a column a stream, int64 (batches, n)."""

    def __init__(self, orders: Sequence[_Order], batches: int, device: torch.device) -> None:
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


class _Resident(Feed):
    """The whole data set lies on the device, a tensor of several streams once."""

    def __init__(self, batches: _Batches, device: torch.device, augmentation: Augmentation) -> None:
        super().__init__(batches, device, augmentation)
        there = {id(tensor): tensor.to(device) for tensor in _distinct(batches.streams)}
        self._streams = [
            {name: there[id(tensor)] for name, tensor in stream.items()}
            for stream in batches.streams
        ]
        self._orders = batches.orders
        self._choices: dict[int, _Choices] = {}

    def close(self) -> None:
        pass

    def _make_ready(self, n: int) -> None:
        rows = max(n, _WINDOW)
        if rows not in self._choices:
            self._choices[rows] = _Choices(self._orders, rows, self._device)
        self._staged = self._choices[rows]
        self._staged.hold(self.drawn, n)

    def _take(self) -> dict[str, Tensor]:
        return _gathered(self._streams, self._staged.next())


class _Streaming(Feed):
    """Worker processes gather whole batches ahead of time, across the ends of epochs.

    On CUDA a stream of its own brings as many batches as were staged last, while the device
    computes with those; to stage them is a copy within the device.
    """

    def __init__(self, batches: _Batches, device: torch.device, augmentation: Augmentation) -> None:
        super().__init__(batches, device, augmentation)
        self._batches = batches
        self._loader: Iterator[dict[str, Tensor]] = iter(())
        self._position = -1
        self._ahead: deque[dict[str, Tensor]] = deque()
        self._copying: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._slots: dict[int, _Rows] = {}

    def close(self) -> None:
        with _uninterrupted():
            self._loader = iter(())  # the loader's iterator stops its workers when it is dropped
            self._ahead.clear()
            self._position = -1

    def _make_ready(self, n: int) -> None:
        if n not in self._slots:
            self._slots[n] = _Rows(self._batches.empty(n, self._device))
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
            batch = next(self._loader)
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


def _length(fields: Mapping[str, Tensor]) -> int:
    return next(iter(fields.values())).shape[0]


def _gathered(streams: Streams, chosen: Sequence[Tensor]) -> dict[str, Tensor]:
    """The chosen samples of each stream: int64 (n,) each."""
    return {
        name: tensor.index_select(0, samples)
        for stream, samples in zip(streams, chosen, strict=True)
        for name, tensor in stream.items()
    }


def _distinct(streams: Streams) -> list[Tensor]:
    return [*{id(tensor): tensor for stream in streams for tensor in stream.values()}.values()]


def _prepared(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.uint8:
        return tensor.to(torch.float32).div_(127.5).sub_(1)
    return tensor


def _holds_images(tensor: Tensor) -> bool:
    return tensor.dtype == torch.uint8 and tensor.dim() == 4


def _check_augmentation(augmentation: Augmentation, name: str, streams: Streams) -> None:
    images = [tensor for tensor in _distinct(streams) if _holds_images(tensor)]
    if augmentation and not images:
        raise GanzooError(f"--flip and --crop change images, and '{name}' has none: leave them out")
    for image in images:
        height, width = image.shape[2:]
        if augmentation.crop >= min(height, width):
            raise GanzooError(
                f"--crop {augmentation.crop} is too much for the images of '{name}', which are "
                f"{height}x{width}: choose at most {min(height, width) - 1}"
            )


def _default_budget(device: torch.device) -> int:
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free // 2
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # torchrun's: they share the memory
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // processes


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
