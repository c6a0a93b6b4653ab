"""The ways of running an iteration: eagerly, with compiled phases, or as one captured graph."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganzoo.engine.iterate import Gradients, take_gradients
from ganzoo.engine.modes.capture import CaptureCheck
from ganzoo.engine.modes.code_cache import refuse_strangers_code, why_not_own
from ganzoo.engine.modes.compiled import CompiledGradients, is_warm
from ganzoo.engine.modes.names import BF16, COMPILE, EAGER, FP32, GRAPH
from ganzoo.errors import GanzooError
from ganzoo.variant import Batch, Phase, Player, Variant

Report = Callable[[str], None]

COLD_BREAK_EVEN = 15_000
"""Iterations after which half a minute of compiling is repaid on a CPU; a student's training is
over by then (a millisecond or two is gained at each)."""
WARM_BREAK_EVEN = 2_000
"""Likewise, where the compiled code lies in the cache."""


@dataclass(frozen=True)
class Execution:
    """How iterations are run; what they compute is the same up to rounding."""

    mode: str = EAGER
    """One of `ganzoo.training.settings.MODES`."""
    precision: str = FP32
    """One of `ganzoo.training.settings.PRECISIONS`."""
    accumulate: int = 1
    """Micro-batches that a batch is split into."""
    recompute: bool = False
    """Whether activations are computed again in the backward pass, to need less memory."""
    compiled_graph: bool = False
    """Whether the phases of a captured graph are compiled."""
    kept: int = 1000
    """Iterations whose metrics can still be read."""
    compile_key: str | None = None
    """Under which it is noted that torch's cache holds the compiled code; see `compile_key`."""


def choose_mode(
    wanted: str,
    device: torch.device,
    variant: Variant,
    steps: int,
    key: str,
    *,
    recompute: bool = False,
) -> tuple[str, str]:
    """The mode for a training of so many steps, and why, in a few words.

    Args:
        wanted: one of `ganzoo.training.settings.MODES`, or ``auto``.
        device: where it trains.
        variant: what it trains.
        steps: how many iterations are planned.
        key: see `compile_key`.
        recompute: whether activations are computed again in the backward pass.

    Raises:
        GanzooError: what is asked for cannot be had here.
    """
    if wanted == GRAPH and device.type != "cuda":
        raise GanzooError(
            f"--mode graph captures CUDA graphs, and the device is {device.type}: use --mode "
            "compile, eager or auto"
        )
    if wanted != "auto":
        if wanted == COMPILE:
            _require_compiler(device)
            refuse_strangers_code()
        return wanted, "as asked for"
    if device.type == "cuda":
        if not variant.capturable:
            return EAGER, f"{type(variant).__name__} decides the order of its updates by data"
        return GRAPH, "whole iterations are captured, so that launching kernels costs nothing"
    if device.type != "cpu" or not has_compiler():
        return EAGER, "there is no compiler to speed it up"
    if recompute:
        return EAGER, "what --recompute computes twice is not compiled"
    warm = is_warm(key)
    cost = "loading compiled code" if warm else "half a minute of compiling"
    if steps >= (WARM_BREAK_EVEN if warm else COLD_BREAK_EVEN):
        if why := why_not_own():
            return EAGER, f"{why}, and torch runs the compiled code that lies there"
        return COMPILE, f"{steps} steps repay {cost}"
    return EAGER, f"{steps} steps do not repay {cost}"


def has_compiler() -> bool:
    """Whether torch finds what it needs to compile for the CPU."""
    return shutil.which(os.environ.get("CXX", "g++")) is not None


def _require_compiler(device: torch.device) -> None:
    if device.type == "cpu" and not has_compiler():
        raise GanzooError(
            "--mode compile needs a C++ compiler, and there is no g++: install one, or set CXX, or "
            "use --mode eager"
        )


def keep_float32_outputs(variant: Variant, players: dict[str, Player]) -> None:
    """Have networks that compute in bf16 give float32, so that losses are computed in that.

    Their stacks of layers too, for a loss that looks at the features between them.
    """

    def widen(module: nn.Module, inputs: object, output: object) -> object:
        return _widened(output)

    for player in players.values():
        for net in player.nets:
            module = variant.get_submodule(net)
            stacks = [part for part in module.children() if [*part.children()]]
            for part in (module, *stacks):
                part.register_forward_hook(widen)


def _widened(output: object) -> object:
    """What a network returned, a tensor or lists and tuples of them: numbers in float32."""
    if isinstance(output, torch.Tensor):
        return output.float() if output.is_floating_point() else output
    if isinstance(output, list):
        return [_widened(part) for part in output]
    return tuple(map(_widened, output)) if type(output) is tuple else output


def make_gradients(execution: Execution, device: torch.device, report: Report) -> Gradients:
    """How the gradients of a phase are computed in this mode."""
    gradients: Gradients = take_gradients
    if execution.mode == COMPILE or (execution.mode == GRAPH and execution.compiled_graph):
        if execution.recompute:  # forward and backward are one graph, which decides what it keeps
            report("with --recompute no phase is compiled: leave it out to have them compiled")
        else:
            gradients = CompiledGradients(report, execution.compile_key)
    return _in_precision(gradients, execution, device)


def make_watching(
    execution: Execution, gradients: Gradients, variant: Variant
) -> Callable[[CaptureCheck], Gradients]:
    """How a check is made to watch these gradients, which `make_gradients` has made."""
    if not execution.compiled_graph:
        return lambda check: check.watching(gradients)
    plain = _in_precision(take_gradients, execution, variant.device)
    return lambda check: check.rehearsing(plain, gradients, variant)


def _in_precision(gradients: Gradients, execution: Execution, device: torch.device) -> Gradients:
    """The same with networks in bf16, if that is asked for and no gradient is differentiated."""
    if execution.precision != BF16:
        return gradients

    def lowered(
        phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        lower = torch.autocast(device.type, torch.bfloat16, cache_enabled=False)
        with nullcontext() if phase.second_order else lower:
            return gradients(phase, params, batch)

    return lowered
