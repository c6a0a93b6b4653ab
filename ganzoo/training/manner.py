"""How the iterations of a training are run, and what is noted of that."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ganzoo.engine.cpu.matmul import NATIVE, choose_matmul
from ganzoo.engine.distributed import from_first, process_count
from ganzoo.engine.modes.compiled import compile_key, is_warm
from ganzoo.engine.modes.execution import COLD_BREAK_EVEN, Execution, choose_mode
from ganzoo.runs.record import Noted, Record
from ganzoo.training.settings import Training
from ganzoo.variant import Variant, players_of


@dataclass(frozen=True)
class Manner:
    """A decision."""

    execution: Execution
    record: Noted
    """Of it in ``run.json``, so that the run goes on in the same manner."""


def choose_manner(training: Training, record: Record, variant: Variant) -> Manner:
    """Decide how to run the iterations; a run goes on in its mode, where it can.

    Args:
        training: with the steps decided.
        record: what is known of the run so far.
        variant: on its device.

    Raises:
        GanzooError: the mode that was asked for cannot be had here.
    """
    device, precision = variant.device, training.precision
    assert training.batch_size is not None
    key = compile_key(
        record["variant"],
        record["config"],
        [*variant.data.shape],
        training.batch_size // process_count(),
        training.accumulate,
        precision,
        device.type,
    )
    wanted, as_before = training.mode, record["device"] == device_name(device)
    if wanted == "auto" and as_before:
        wanted = record.get("mode", wanted)
    assert training.steps is not None
    noted: Noted = {}
    if device.type == "cpu":
        # A run from before there was a choice has multiplied natively.
        before = record.get("matmul", NATIVE if "mode" in record else None)
        noted["matmul"], _ = choose_matmul(variant, before)
    mode, because = from_first(
        choose_mode(wanted, device, variant, training.steps, key, recompute=training.recompute)
    )
    if wanted != training.mode:
        because = "as before"
    repaid = from_first(training.steps >= COLD_BREAK_EVEN or is_warm(key))
    compiled_graph = repaid and not training.recompute
    if device.type == "cuda":
        if as_before:  # there are more steps now, or the cache is warm
            compiled_graph = record.get("compiled_graph", compiled_graph)
        noted["compiled_graph"] = compiled_graph
    noted |= {"mode": mode, "mode_because": because, "device": device_name(device)}
    execution = Execution(
        mode,
        precision,
        training.accumulate,
        training.recompute,
        compiled_graph=compiled_graph,
        kept=training.log_every,
        compile_key=key,
    )
    return Manner(execution, noted)


def device_name(device: torch.device) -> str:
    """What the record calls the device: of a GPU, which it is."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def learning_rates(variant: Variant) -> str:
    """The one of all players, or that of each, at the beginning."""
    rates = {name: f"{player.optim.lr:g}" for name, player in players_of(variant).items()}
    if len(set(rates.values())) == 1:
        return next(iter(rates.values()))
    return ", ".join(f"{name} {rate}" for name, rate in rates.items())
