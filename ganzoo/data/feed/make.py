"""The feed that suits the data and the device."""

import os
from collections.abc import Mapping

import torch
from torch import Tensor, distributed

from ganzoo.data.augment import Augmentation
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed.base import Feed
from ganzoo.data.feed.order import Batches, Streams, distinct, length
from ganzoo.data.feed.resident import Resident
from ganzoo.data.feed.streaming import Streaming
from ganzoo.data.kinds import Kind, kind_of
from ganzoo.errors import GanzooError


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
            than a batch is repeated until it fills one; None: its groups.
        budget: bytes that the data may take on the device; None: half of what is free on a CUDA
            device, a quarter of the physical memory elsewhere.
        shard: this process's number, from 0, and how many there are: of N that share batches of
            N*b samples, process r gets samples r*b to (r+1)*b of each.
        flip: mirror each sample left and right with probability 1/2, all its fields alike.
        crop: move each sample by up to so many pixels (see `Augmentation`), all its fields alike.

    Raises:
        GanzooError: a batch is larger than the data set or cannot be shared, two streams share a
            name, or there are no images to be flipped or cropped so.
    """
    streams = dataset.streams if streams is None else streams
    names = [name for stream in streams for name in stream]
    for name in names:
        if names.count(name) > 1:
            raise GanzooError(f"two streams of '{dataset.name}' have a field '{name}'")
    samples = max(map(length, streams))
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
    augmentation, kinds = Augmentation(flip, crop), kinds_of(streams, dataset)
    _check_augmentation(augmentation, dataset.name, streams, kinds)
    size = sum(tensor.nbytes for tensor in distinct(streams))
    resident = size <= (_default_budget(device) if budget is None else budget)
    batches = Batches(streams, kinds, batch_size, seed, shard)
    return (Resident if resident else Streaming)(batches, device, augmentation)


def first_samples(
    streams: Streams, n: int, device: torch.device, dataset: Dataset | None = None
) -> dict[str, Tensor]:
    """The first `n` samples of each stream, or all that it has, as in a batch: not augmented.

    Args:
        streams: see `Variant.streams`.
        n: how many.
        device: where they are wanted.
        dataset: what the streams are made of; None: bytes are images, all else is as it is.
    """
    kinds = kinds_of(streams, dataset)
    return {
        name: kinds[name].prepared(tensor[:n].to(device))
        for stream in streams
        for name, tensor in stream.items()
    }


def kinds_of(streams: Streams, dataset: Dataset | None) -> dict[str, Kind]:
    """The kind of each name: of the field that has it, or whose tensor it is, or as it looks."""
    fields = dataset.spec.fields if dataset else {}
    named = {name: field.kind for name, field in fields.items()}
    same = {id(dataset.tensors[name]): kind for name, kind in named.items()} if dataset else {}
    return {
        name: kind_of(named.get(name) or same.get(id(tensor)) or _guessed(tensor))
        for stream in streams
        for name, tensor in stream.items()
    }


def _guessed(tensor: Tensor) -> str:
    return "image" if tensor.dtype == torch.uint8 and tensor.dim() >= 4 else "point"


def _check_augmentation(
    augmentation: Augmentation, name: str, streams: Streams, kinds: Mapping[str, Kind]
) -> None:
    moved = [
        [tensor for field, tensor in stream.items() if kinds[field].moves] for stream in streams
    ]
    if augmentation and not any(moved):
        raise GanzooError(f"--flip and --crop change images, and '{name}' has none: leave them out")
    for tensors in moved if augmentation else ():
        sizes = sorted({tuple(tensor.shape[-2:]) for tensor in tensors})
        if len(sizes) > 1:
            shown = " and ".join(f"{height}x{width}" for height, width in sizes)
            raise GanzooError(
                f"--flip and --crop move the fields of a sample alike, and those of '{name}' are "
                f"{shown}: leave them out"
            )
        for height, width in sizes:
            if augmentation.crop >= min(height, width):
                raise GanzooError(
                    f"--crop {augmentation.crop} is too much for the images of '{name}', which are "
                    f"{height}x{width}: choose at most {min(height, width) - 1}"
                )


def _default_budget(device: torch.device) -> int:
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free // 2
    together = distributed.is_available() and distributed.is_initialized()  # they share the memory
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if together else 1
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // processes
