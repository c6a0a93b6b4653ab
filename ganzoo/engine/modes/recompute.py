"""Trade time for memory: what a network computed is forgotten, and computed again going backward.

Chen et al. 2016: of n layers in sequence, the inputs of about sqrt(n) stretches are kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from ganzoo.errors import GanzooError

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
    stretches = [_Stretch(stretch) for stretch in iter(lambda: [*islice(layers, length)], [])]

    def forward(value: Tensor) -> Tensor:
        for stretch in stretches:
            value = stretch(value)
        return value

    sequence.forward = forward  # type: ignore[method-assign]


class _Stretch:
    """Layers in sequence, of which the first input alone is kept.

    Going backward they draw the same random numbers again, if they draw any. A CUDA graph can set
    no generator back: what is captured must not draw.
    """

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        self._layers = nn.Sequential(*layers)
        self._draws: dict[bool, bool] = {}
        """Whether they draw, by whether they are in train mode, as soon as it is known."""

    def __call__(self, value: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return self._layers(value)  # type: ignore[no-any-return]
        training = self._layers[0].training
        captured = value.is_cuda and torch.cuda.is_current_stream_capturing()
        if captured and self._draws.get(training, True):
            raise GanzooError(
                "--recompute computes layers twice that draw random numbers (such as Dropout), "
                "which no graph can draw twice: leave it out"
            )
        watched = _Draws() if training not in self._draws and not captured else None

        def contexts() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
            return watched or nullcontext(), _StatisticsKept(self._layers)

        result: Tensor = checkpoint(
            self._layers,
            value,
            use_reentrant=False,
            context_fn=contexts,
            preserve_rng_state=not captured,
        )
        if watched is not None:
            self._draws[training] = watched.found
        return result


class _Draws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees whether random numbers are drawn."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one operation."""
        self.found = self.found or torch.Tag.nondeterministic_seeded in func.tags
        return func(*args, **(kwargs or {}))


class _StatisticsKept(AbstractContextManager[None]):
    """Layers remember the batch once, and compute as they did; entered once a backward pass.

    To be made before they compute for the first time: buffers that have changed since then, such as
    the vectors of a spectral norm, are for the block what they were.
    """

    def __init__(self, module: nn.Module) -> None:
        self._norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
        self._momenta = [norm.momentum for norm in self._norms]
        counts = [norm.num_batches_tracked for norm in self._norms]
        self._counts = [count for count in counts if count is not None]
        self._counted: list[Tensor] = []
        others = [part for part in module.modules() if not isinstance(part, _BatchNorm)]
        self._buffers = [
            (buffer, buffer._version, buffer.clone())
            for part in others
            for buffer in part.buffers(recurse=False)
        ]
        self._later: list[tuple[Tensor, Tensor]] = []

    @torch.no_grad()
    def __enter__(self) -> None:
        self._counted = [count.clone() for count in self._counts]
        for norm in self._norms:
            norm.momentum = 0.0
        self._later = []
        for buffer, version, before in self._buffers:
            if buffer._version != version:  # any other may be needed going backward, as it is
                self._later.append((buffer, buffer.clone()))
                buffer.copy_(before)

    @torch.no_grad()
    def __exit__(self, *error: object) -> None:
        for norm, momentum in zip(self._norms, self._momenta, strict=True):
            norm.momentum = momentum
        for count, before in zip(self._counts, self._counted, strict=True):
            count.copy_(before)
        for buffer, later in self._later:
            buffer.copy_(later)
