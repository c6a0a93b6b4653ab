"""What the data sets that are drawn on the spot have in common: their sizes, labels and seeds."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Generator, Tensor

from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.wanted import AS_THEY_ARE
from ganzoo.errors import GanzooError

SAMPLES = {"train": 60_000, "test": 10_000}
SMALL = {"train": 10_000, "test": 2_000}
"""Samples of a set that is there to try things with."""


def refuse_root(request: DataRequest, name: str) -> None:
    """Keep the user from believing that a drawn set was read from a folder.

    Raises:
        GanzooError: one is named.
    """
    if request.root is not None:
        raise GanzooError(
            f"'{name}' is drawn on the spot and reads no files: leave out --data-root, or name a "
            "data set that has files, such as --dataset folder"
        )


def refuse_size(request: DataRequest, name: str, held: str) -> None:
    """Keep the user from believing that what is no image was scaled.

    Args:
        request: which may ask for a size.
        name: of the data set.
        held: what it holds, for the user.

    Raises:
        GanzooError: one is asked for.
    """
    if request.image_size is not None:
        raise GanzooError(f"'{name}' holds {held}: leave out --image-size")
    if request.pixels != AS_THEY_ARE:
        raise GanzooError(f"'{name}' holds {held}: leave out --pixels")


def shuffled_labels(
    request: DataRequest, classes: int, samples: Mapping[str, int] = SAMPLES
) -> tuple[Tensor, Generator]:
    """Balanced labels int64 (n,) of a drawn split, and the generator to draw its samples with.

    Args:
        request: for the split.
        classes: how many labels there are.
        samples: how many each split has.

    Raises:
        GanzooError: the split is neither ``train`` nor ``test``.
    """
    if request.split not in samples:
        raise GanzooError(f"there is no split '{request.split}': choose train or test")
    generator = Generator().manual_seed(2 * request.seed + (request.split == "test"))
    return torch.randperm(samples[request.split], generator=generator) % classes, generator


def stream(request: DataRequest, name: str) -> Generator:
    """A generator of its own for a data set that is made from another, which drew its samples."""
    key = f"{name}:{request.split}:{request.seed}".encode()
    seed = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")
    return Generator().manual_seed(seed)


@contextmanager
def reproducibly() -> Iterator[None]:
    """Compute what does not depend on what the process has done or set before.

    On one thread, as how work is split over several changes the last bits of a float, and with
    torch's own products of matrices, in which a training may have chosen another library.
    """
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    threads, precision = torch.get_num_threads(), matmul.fp32_precision
    torch.set_num_threads(1)
    matmul.fp32_precision = "ieee"
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        matmul.fp32_precision = precision
