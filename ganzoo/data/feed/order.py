"""Which samples each batch holds: a function of the seed and of the batch's number alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.utils import data

from ganzoo.data.kinds import Kind
from ganzoo.data.mapped import refuse_shortened
from ganzoo.errors import GanzooError

Streams = Sequence[Mapping[str, Tensor]]
"""Groups of aligned tensors; each group has as many samples as it likes."""


def permutation(samples: int, seed: int, epoch: int, stream: int = 0) -> Tensor:
    """The order in which an epoch visits a stream's samples: int64 (samples,), on the CPU."""
    text = f"{seed}:{epoch}:{stream}" if stream else f"{seed}:{epoch}"
    mixed = hashlib.blake2b(text.encode(), digest_size=8).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(mixed, "little"))
    return torch.randperm(samples, generator=generator)


class Order:
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


class Batches(data.Dataset[dict[str, Tensor]]):
    """What this process sees of each batch as it is stored, by number: what workers gather."""

    def __init__(
        self,
        streams: Streams,
        kinds: Mapping[str, Kind],
        batch_size: int,
        seed: int,
        shard: tuple[int, int],
    ) -> None:
        self.streams, self.kinds, self.size = streams, kinds, batch_size
        self._seed, self._shard = seed, shard
        self.orders = [
            Order(length(stream), batch_size, seed, number, shard)
            for number, stream in enumerate(streams)
        ]
        self.names = [name for stream in streams for name in stream]

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        return gathered(self.streams, [order[number] for order in self.orders])

    def resized(self, batch_size: int, streams: Streams) -> Batches:
        """Batches of another size, of these streams, which hold the same samples.

        Raises:
            GanzooError: the processes cannot share such a batch, or there are not as many samples.
        """
        _, processes = self._shard
        samples = max(map(length, streams))
        if batch_size > samples or batch_size % processes:
            raise GanzooError(
                f"a stage of the training wants batches of {batch_size} samples, and there are "
                f"{samples} samples, and batches are shared by {processes} process"
                f"{'es' if processes > 1 else ''}: use more data, or fewer processes"
            )
        return Batches(streams, self.kinds, batch_size, self._seed, self._shard)

    def empty(self, n: int, device: torch.device) -> list[Tensor]:
        """Room for `n` batches: a tensor (n, samples, ...) for each name."""
        return [
            torch.empty(n, order.share, *tensor.shape[1:], dtype=tensor.dtype, device=device)
            for stream, order in zip(self.streams, self.orders, strict=True)
            for tensor in stream.values()
        ]


def length(fields: Mapping[str, Tensor]) -> int:
    """How many samples a stream has."""
    return next(iter(fields.values())).shape[0]


def gathered(streams: Streams, chosen: Sequence[Tensor]) -> dict[str, Tensor]:
    """The chosen samples of each stream: int64 (n,) each.

    Raises:
        GanzooError: something has cut the file short that they are mapped from.
    """
    refuse_shortened()
    return {
        name: tensor.index_select(0, samples)
        for stream, samples in zip(streams, chosen, strict=True)
        for name, tensor in stream.items()
    }


def distinct(streams: Streams) -> list[Tensor]:
    """The tensors of all streams, each once."""
    return [*{id(tensor): tensor for stream in streams for tensor in stream.values()}.values()]
