"""The best checkpoint so far of a training that goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ganzoo.engine.engine import Engine
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Verdict
from ganzoo.runs.load import published_weights
from ganzoo.runs.run import Run

if TYPE_CHECKING:
    from ganzoo.metrics.during import Quality


def judged(
    best: Path, quality: Quality, engine: Engine, run: Run, report: Callable[[str], None]
) -> Verdict | None:
    """Why it is the best; None: by another criterion than that of now.

    Where it was judged by other features than those of now, as on another machine, its weights are
    measured anew, and that is said: values of both cannot be compared.

    Args:
        best: where it is.
        quality: what is measured now.
        engine: that of the training; its weights are there afterwards.
        run: whose it is.
        report: is told.

    Raises:
        GanzooError: it is damaged.
    """
    verdict = checkpoint.verdict(best, run.identity)
    if verdict.criterion != quality.criterion:
        return None
    if verdict.protocol in ("", quality.protocol):
        return verdict
    anew = replace(verdict, value=_value(best, quality, engine, run), protocol=quality.protocol)
    words = (
        f"the best checkpoint so far, of step {verdict.step:,}, was judged by other features: its "
        f"{verdict.criterion} was {verdict.value:.4g}, and by those of now it is {anew.value:.4g}"
    )
    run.log(words)
    report(words)
    return anew


@torch.no_grad()
def _value(best: Path, quality: Quality, engine: Engine, run: Run) -> float:
    with engine.averaged() as variant:
        live = published_weights(variant)
        now = {name: value.clone() for name, value in live.items()}
        tensors = checkpoint.load_weights(best, run.identity, live)
        try:
            for name, value in live.items():
                value.copy_(tensors[name])
            return float(quality.measure(variant)[quality.criterion])
        finally:
            for name, value in live.items():
                value.copy_(now[name])
