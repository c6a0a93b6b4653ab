"""Phases as compiled code: forward and backward of each are one graph."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.artifacts.places import cache_folder, make_cache_folder
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes.code_cache import code_folder, refuse_strangers_code
from ganzoo.errors import GanzooError
from ganzoo.schedules import Stage
from ganzoo.variant import Batch, Phase

Compiled = Callable[[dict[str, Tensor], dict[str, Tensor]], tuple[Any, ...]]


class CompiledGradients:
    """Computes a phase's gradients by code that is compiled at its first update.

    A phase that differentiates a gradient, which torch does not compile, and one that cannot be
    compiled run as they are.

    Args:
        report: is told, in a sentence, of a phase that cannot be compiled.
        key: is noted as that of code in torch's cache, once there is some.

    Raises:
        GanzooError: what torch would run may be another user's.
    """

    def __init__(self, report: Callable[[str], None], key: str | None = None) -> None:
        import torch._dynamo.config

        refuse_strangers_code()
        torch._dynamo.config.trace_autograd_ops = True  # the backward pass belongs to the graph
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # "No CUDA runtime"
        self._report, self._key = report, key
        self._compiled: dict[tuple[str, Stage], Compiled | None] = {}

    def __call__(
        self, phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        """The loss and its gradients, as `take_gradients` defines them."""
        if phase.second_order:
            return take_gradients(phase, params, batch)
        key = phase.name, batch.stage
        if key not in self._compiled:
            return self._compile(phase, params, batch)
        compiled = self._compiled[key]
        if compiled is None:
            return take_gradients(phase, params, batch)
        return _filled_in(batch, compiled(batch.data, batch.shared))

    def _compile(
        self, phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        from ganzoo.engine.cpu.ordered_noise import order_options  # imports the compiler

        def gradients(data: dict[str, Tensor], shared: dict[str, Tensor]) -> tuple[Any, ...]:
            traced = Batch(data, dict(shared), stage=batch.stage)
            loss, grads = take_gradients(phase, params, traced)
            return loss, grads, traced.shared, traced.metrics

        # What is compiled is kept, and limited in number, by code object: each gets one of its own.
        gradients.__code__ = gradients.__code__.replace(co_name=f"gradients_of_{phase.name}")
        options: dict[str, Any] = {
            "fallback_random": True,  # the same noise as eager code draws
            "triton.cudagraphs": False,  # the whole iteration is captured, if anything is
            **order_options(),
        }
        compiled = torch.compile(gradients, fullgraph=True, dynamic=False, options=options)
        try:
            result = _filled_in(batch, _persistent(compiled)(batch.data, batch.shared))
        except GanzooError:
            raise
        except Exception as error:
            plain = take_gradients(phase, params, batch)  # raises what is wrong with the loss
            cause = getattr(error, "inner_exception", error)  # what the compiler itself raised
            reason = str(cause).strip().splitlines() or [type(cause).__name__]
            self._report(f"phase '{phase.name}' cannot be compiled and runs as it is: {reason[0]}")
            self._compiled[phase.name, batch.stage] = None
            return plain
        self._compiled[phase.name, batch.stage] = compiled
        if self._key is not None:
            remember_compiled(self._key)
        return result


def _persistent(compiled: Compiled) -> Compiled:
    """The same, once more if the compiler has failed.

    A signal for all processes of a job, such as Ctrl-C or SIGTERM, ends compilers, too. The
    training has heard it, saves this iteration and stops: it is to be the one that the run would
    have had.
    """
    from torch._dynamo.exc import BackendCompilerFailed

    def call(data: dict[str, Tensor], shared: dict[str, Tensor]) -> tuple[Any, ...]:
        try:
            return compiled(data, shared)
        except BackendCompilerFailed:
            return compiled(data, shared)

    return call


def _filled_in(batch: Batch, results: tuple[Any, ...]) -> tuple[Tensor, list[Tensor | None]]:
    """The loss and the gradients; what the phase left in its batch is put there."""
    loss, grads, shared, metrics = results
    batch.shared.update(shared)
    batch.metrics.update(metrics)
    return loss, grads


def compile_key(*parts: object) -> str:
    """What decides about compiled code, as a name: another one for another network or torch."""
    text = repr((torch.__version__, *parts))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _marker(key: str) -> Path:
    return cache_folder() / "compiled" / key


def is_warm(key: str) -> bool:
    """Whether this was compiled before, into torch's cache."""
    return _marker(key).exists() and code_folder().exists()


def remember_compiled(key: str) -> None:
    """Note that the cache holds the code."""
    with suppress(OSError):
        make_cache_folder()
        _marker(key).parent.mkdir(parents=True, exist_ok=True)
        _marker(key).touch()
