"""What data are, whatever they are called and wherever they lie: a digest of the samples."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

MOST = 2**30
"""Bytes of a tensor that are looked at: of a larger one evenly spaced samples, so that a training
on a terabyte begins all the same."""
CHUNK = 2**24
"""Bytes at once, as a tensor may be mapped from a file that does not fit into memory."""


def digest(tensors: Sequence[Tensor]) -> str:
    """Hexadecimal digits that no other samples have, nor the same ones in another order.

    Args:
        tensors: the fields of one group, (n, ...) as `Dataset.tensors` holds them.
    """
    found = hashlib.blake2b(digest_size=16)
    for tensor in tensors:
        found.update(f"{tensor.dtype} {tuple(tensor.shape)} ".encode())
        apart = max(1, -(-tensor.nbytes // MOST))
        length = apart * max(1, CHUNK // max(1, tensor[:1].nbytes))
        for start in range(0, len(tensor), length):
            rows = tensor[start : start + length : apart]
            found.update(rows.contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()
