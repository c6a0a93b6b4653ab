"""Runs of neighbouring tokens: how they are distributed, and how many are different."""

import torch
from torch import Tensor


def gram_divergence(samples: Tensor, real: Tensor, length: int) -> float:
    """The Jensen-Shannon divergence between the distributions of runs of tokens, in nats.

    Args:
        samples: whole numbers (n, steps).
        real: whole numbers (m, steps of its own).
        length: tokens of a run, at most the steps of either.

    Returns:
        From 0, where all runs are equally frequent, to ln 2, where none is shared (Lin 1991).
    """
    one, other = _grams(samples, length), _grams(real, length)
    runs: Tensor
    index: Tensor
    runs, index = torch.unique(torch.cat((one, other)), dim=0, return_inverse=True)
    p, q = (
        torch.bincount(part, minlength=len(runs)).double() / len(part)
        for part in (index[: len(one)], index[len(one) :])
    )
    apart: float = torch.special.entr(torch.stack((p, q))).sum().item() / 2
    together: float = torch.special.entr((p + q) / 2).sum().item()
    return max(0.0, together - apart)


def distinct(samples: Tensor, length: int | None = None) -> float:
    """How many different runs of tokens there are, as a share of all.

    "distinct-n" of Li et al. 2016, section 5.2. https://arxiv.org/abs/1510.03055

    Args:
        samples: whole numbers (n, steps).
        length: tokens of a run; None: whole samples.

    Returns:
        In (0, 1].
    """
    runs = samples if length is None else _grams(samples, length)
    return len(torch.unique(runs, dim=0)) / len(runs)


def known(samples: Tensor, training: Tensor) -> float:
    """The share of samples that are one of the training samples, token by token.

    Args:
        samples: whole numbers (n, steps).
        training: whole numbers (m, steps).
    """
    rows = {tuple(row) for row in training.tolist()}
    return sum(tuple(row) in rows for row in samples.tolist()) / len(samples)


def _grams(sequences: Tensor, length: int) -> Tensor:
    """All runs of all sequences: (n * (steps - length + 1), length)."""
    return sequences.unfold(1, length, 1).reshape(-1, length)
