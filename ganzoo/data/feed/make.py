"""The feed that suits the data and the device."""

import os

import torch
from torch import Tensor

from ganzoo.data.augment import Augmentation
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed.base import Feed, holds_images, prepared
from ganzoo.data.feed.order import Batches, Streams, distinct, length
from ganzoo.data.feed.resident import Resident
from ganzoo.data.feed.streaming import Streaming
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
        flip: mirror each image left and right with probability 1/2.
        crop: move each image by up to so many pixels (see `Augmentation`).

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
    augmentation = Augmentation(flip, crop)
    _check_augmentation(augmentation, dataset.name, streams)
    size = sum(tensor.nbytes for tensor in distinct(streams))
    resident = size <= (_default_budget(device) if budget is None else budget)
    batches = Batches(streams, batch_size, seed, shard)
    return (Resident if resident else Streaming)(batches, device, augmentation)


def first_samples(streams: Streams, n: int, device: torch.device) -> dict[str, Tensor]:
    """The first `n` samples of each stream, or all that it has, as in a batch: not augmented."""
    return {
        name: prepared(tensor[:n].to(device))
        for stream in streams
        for name, tensor in stream.items()
    }


def _check_augmentation(augmentation: Augmentation, name: str, streams: Streams) -> None:
    images = [tensor for tensor in distinct(streams) if holds_images(tensor)]
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
