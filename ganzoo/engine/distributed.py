"""Several processes train one model, each on its share of every batch, by ``torchrun``.

Parameters and what optimizers know of them stay equal in all processes, because gradients are
averaged. Random numbers and buffers (running statistics, pools of images) are each process's own.
Only the first process writes.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.distributed.rendezvous import rendezvous

from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

T = TypeVar("T")

_ENVIRONMENT = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_PATIENCE = timedelta(hours=1)
"""How long the others wait while the first process measures the variant."""
_VOTING_INTERVAL = 0.5
"""Seconds between two questions whether to stop, about."""


@contextmanager
def processes() -> Iterator[None]:
    """Join the processes that ``torchrun`` has started, for the block; alone, do nothing.

    What fails in one process makes the others fail; the first to fail says why, and they are quiet.
    """
    if any(name not in os.environ for name in _ENVIRONMENT) or os.environ["WORLD_SIZE"] == "1":
        yield
        return
    on_gpus = torch.cuda.is_available() and distributed.is_nccl_available()
    backend = "cpu:gloo,cuda:nccl" if on_gpus else "gloo"  # "cpu:gloo" has torch 2.11 warn
    store, rank, count = next(rendezvous("env://"))
    distributed.init_process_group(
        backend, store=store, rank=rank, world_size=count, timeout=_PATIENCE
    )
    store.set(f"joined/{rank}", "")  # who leaves at once would make others fail who still join
    store.wait([f"joined/{other}" for other in range(count)], _PATIENCE)
    try:
        yield
    except Exception as error:
        if _fails_first(store, rank):
            raise
        time.sleep(1)  # torchrun ends all others as soon as one is gone, the one that speaks too
        raise SystemExit(2 if isinstance(error, GanzooError) else 1) from None
    finally:
        distributed.destroy_process_group()


def _fails_first(store: Store, rank: int) -> bool:
    try:
        first: bytes = store.compare_set("failed", "", str(rank))
    except RuntimeError:  # whoever held the store is gone
        return False
    return int(first) == rank


def process_count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def process_rank() -> int:
    """The number of this process among them, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def is_first() -> bool:
    """Whether this is the process that writes."""
    return process_rank() == 0


def launcher(count: int) -> str:
    """What a user types, on one machine, for `count` processes that run ganzoo.

    Not ``-m ganzoo``, with which Python takes modules from the folder where it is typed.
    """
    return f"torchrun --nproc-per-node {count} --no-python ganzoo" if count > 1 else "ganzoo"


def own_device(device: torch.device) -> torch.device:
    """The device of this process, of the kind that all train on.

    Raises:
        GanzooError: there are not enough.
    """
    if process_count() == 1 or device.type == "cpu":
        return device
    if device.type != "cuda":
        raise GanzooError(
            f"several processes train on CUDA devices or on the CPU, not on {device.type}: use "
            "--device cpu"
        )
    number, present = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if number >= present:
        raise GanzooError(
            f"each process needs a GPU of its own, and this machine has {present}: use torchrun "
            f"--nproc-per-node {present}"
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def seed_own(seed: int) -> None:
    """Give every process random numbers of its own; the first goes on as if it trained alone."""
    if not is_first():
        mixed = hashlib.blake2b(f"{seed}:{process_rank()}".encode(), digest_size=8).digest()
        torch.manual_seed(int.from_bytes(mixed, "little"))


def synchronise_batch_norm(module: nn.Module) -> None:
    """Have each BatchNorm in it use the statistics of the batch of all processes together.

    Raises:
        GanzooError: it is not on a CUDA device.
    """
    if not next(module.parameters()).is_cuda:
        raise GanzooError(
            "--sync-batch-norm needs CUDA devices, as torch synchronises BatchNorm on no others: "
            "leave it out, or use --device cuda"
        )
    nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]


def from_first(value: T) -> T:
    """What the first process has, in all of them."""
    if process_count() == 1:
        return value
    values = [value]
    distributed.broadcast_object_list(values, device=torch.device("cpu"))
    return values[0]


def wait_for_all() -> None:
    """Wait until every process has come here."""
    if process_count() > 1:
        distributed.all_reduce(torch.zeros(()))


@torch.no_grad()
def copy_first(tensors: Mapping[str, Tensor]) -> None:
    """Overwrite the tensors of all processes with those of the first."""
    if process_count() > 1:
        for tensor in tensors.values():
            whole = tensor.contiguous()
            distributed.broadcast(whole, 0)
            tensor.copy_(whole)


def average_over_ranks(grads: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The mean over all processes, by one all-reduce; the gradients themselves where one trains."""
    if process_count() == 1:
        return [*grads]
    present = [grad for grad in grads if grad is not None]
    flat = mean_over_ranks(torch.cat([grad.reshape(-1) for grad in present]))
    sizes = [grad.numel() for grad in present]
    means = iter(
        part.view_as(grad) for part, grad in zip(torch.split(flat, sizes), present, strict=True)
    )
    return [None if grad is None else next(means) for grad in grads]


def mean_over_ranks(tensor: Tensor) -> Tensor:
    """The mean over all processes, in place."""
    if process_count() > 1:
        distributed.all_reduce(tensor)
        tensor /= process_count()
    return tensor


def synchronise(tensors: Sequence[Tensor]) -> None:
    """Have all processes have the mean of each, in place, by one all-reduce."""
    if tensors and process_count() > 1:
        for tensor, mean in zip(tensors, average_over_ranks(tensors), strict=True):
            assert mean is not None
            tensor.copy_(mean)


class Vote:
    """Has all processes stop after the same iteration, however fast each of them is.

    They ask each other about twice a second, which costs nothing at any speed.
    """

    def __init__(self) -> None:
        self._remaining = self._interval = 1
        self._asked = time.monotonic()

    def stops(self, wanted: bool) -> bool:
        """Whether any process wants to stop; to be called after each iteration by all."""
        if process_count() == 1:
            return wanted
        self._remaining -= 1
        if self._remaining:
            return False
        now = time.monotonic()
        answer = torch.tensor([float(wanted), now - self._asked])
        distributed.all_reduce(answer, distributed.ReduceOp.MAX)
        anyone, seconds = answer.tolist()
        affordable = int(self._interval * _VOTING_INTERVAL / max(seconds, 1e-9))
        self._interval = self._remaining = max(1, min(2 * self._interval, affordable))
        self._asked = now
        return bool(anyone)


def like_all(state: Mapping[str, Tensor], own: Collection[str]) -> dict[str, Tensor]:
    """Tensors with the names and shapes of what `gather_state` gives, for the same arguments."""
    others = range(1, process_count())
    return {**state} | {_of(rank, name): state[name] for rank in others for name in own}


def gather_state(state: Mapping[str, Tensor], own: Collection[str]) -> dict[str, Tensor]:
    """The state of a training, of which each process has some tensors of its own.

    Args:
        state: this process's, by name.
        own: the names of those that differ between processes.

    Returns:
        In the first process its state and, on the CPU, as ``rank1.NAME`` what the next one has of
        its own, and so on; elsewhere nothing.
    """
    if process_count() == 1:
        return {**state}
    mine = {name: state[name].detach().cpu().contiguous() for name in sorted(own)}
    flat = torch.cat([tensor.reshape(-1).view(torch.uint8) for tensor in mine.values()])
    received = [torch.empty_like(flat) for _ in range(process_count())]
    distributed.gather(flat, received if is_first() else None)
    if not is_first():
        return {}
    tensors = {**state}
    for rank, content in enumerate(received[1:], 1):
        parts = torch.split(content, [tensor.nbytes for tensor in mine.values()])
        for (name, tensor), part in zip(mine.items(), parts, strict=True):
            # A copy, because a view of another type must begin at a multiple of its size.
            tensors[_of(rank, name)] = part.clone().view(tensor.dtype).view_as(tensor)
    return tensors


def scatter_state(tensors: Mapping[str, Tensor], own: Collection[str]) -> dict[str, Tensor]:
    """This process's state, out of what `gather_state` gave."""
    return {**tensors} | {name: tensors[_of(process_rank(), name)] for name in own}


def _of(rank: int, name: str) -> str:
    return f"rank{rank}.{name}" if rank else name
