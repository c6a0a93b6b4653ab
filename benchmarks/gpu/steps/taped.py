"""For a rehearsal: graphs are captured on the CPU, on the tapes that the tests have."""

from __future__ import annotations

from helpers.engine.tapes import FakeCuda, TapingTorch

from ganzoo.bench.speed import ours
from ganzoo.data.feed import Feed
from ganzoo.engine.modes import graph, recording
from ganzoo.training import manner


def capture_on_tapes() -> FakeCuda:
    """From now on ``--mode graph`` is taken, on the CPU too."""
    taping = TapingTorch()
    graph.torch = recording.torch = taping  # type: ignore[assignment]
    Feed._capturing = lambda feed: taping.cuda.capturing  # type: ignore[method-assign]
    for module in (ours, manner):
        module.choose_mode = lambda wanted, *_, **__: (wanted, "rehearsed on tapes")
    return taping.cuda
