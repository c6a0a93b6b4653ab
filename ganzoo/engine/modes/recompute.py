"""Trade time for memory: what a network computed is forgotten, and computed again going backward.

Chen et al. 2016: of n layers in sequence, the inputs of about sqrt(n) stretches are kept.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

SHORTEST = 4
"""Layers; a shorter sequence has nothing to forget."""


def recompute_activations(module: nn.Module) -> None:
    """Have every long sequence of a network's layers forget what is inside its stretches.

    Outputs, gradients and running statistics stay what they are.
    """
    if isinstance(module, nn.Sequential) and len(module) >= SHORTEST:
        _recompute(module)
        return
    for child in module.children():
        recompute_activations(child)


def _recompute(sequence: nn.Sequential) -> None:
    layers = iter([*sequence])
    length = math.ceil(math.sqrt(len(sequence)))
    stretches = [nn.Sequential(*stretch) for stretch in iter(lambda: [*islice(layers, length)], [])]

    def forward(value: Tensor) -> Tensor:
        for stretch in stretches:
            value = (_checkpointed if torch.is_grad_enabled() else _plain)(stretch, value)
        return value

    sequence.forward = forward  # type: ignore[method-assign]


def _plain(stretch: nn.Sequential, value: Tensor) -> Tensor:
    result: Tensor = stretch(value)
    return result


def _checkpointed(stretch: nn.Sequential, value: Tensor) -> Tensor:
    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _StatisticsKept(stretch)

    result: Tensor = checkpoint(stretch, value, use_reentrant=False, context_fn=contexts)
    return result


class _StatisticsKept(AbstractContextManager[None]):
    """Running statistics have seen the batch the first time; entered once a backward pass."""

    def __init__(self, module: nn.Module) -> None:
        self._norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
        self._momenta = [norm.momentum for norm in self._norms]
        counts = [norm.num_batches_tracked for norm in self._norms]
        self._counts = [count for count in counts if count is not None]
        self._counted: list[Tensor] = []

    def __enter__(self) -> None:
        self._counted = [count.clone() for count in self._counts]
        for norm in self._norms:
            norm.momentum = 0.0

    def __exit__(self, *error: object) -> None:
        for norm, momentum in zip(self._norms, self._momenta, strict=True):
            norm.momentum = momentum
        for count, before in zip(self._counts, self._counted, strict=True):
            count.copy_(before)
