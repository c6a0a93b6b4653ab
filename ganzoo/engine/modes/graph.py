"""Whole iterations as CUDA graphs: one launch does what took hundreds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ganzoo.engine.iterate import Gradients
from ganzoo.engine.modes.capture import CaptureCheck
from ganzoo.engine.modes.recording import Recording, Unrecordable, destroy
from ganzoo.engine.plan import Plan

Play = Callable[[Plan, Gradients], dict[str, Tensor]]
"""Runs the iteration of a plan."""


@dataclass
class Captured:
    """One plan's iteration, ready to be launched."""

    graph: torch.cuda.CUDAGraph
    names: tuple[str, ...]
    """Of the metrics."""
    metrics: Tensor
    """(rows, names): a ring that each launch writes its next row of."""
    rows: Tensor
    """(rows, 1) int64: their numbers."""
    last_row: Tensor
    """(1,) int64: which row was written last. The graph knows the addresses of both, and nobody
    else has them: without them, launches would count in what somebody else may have by then."""
    row: int = 0
    """Which row is next."""

    def launch(self) -> dict[str, Tensor]:
        """Run the iteration; its metrics can be read until the ring comes round."""
        self.graph.replay()
        values = self.metrics[self.row].unbind()
        self.row = (self.row + 1) % len(self.metrics)
        return dict(zip(self.names, values, strict=True))


class Graphs:
    """Runs each plan's iteration as a graph, from the fourth time that the plan is due.

    The first three runs are real iterations too, so that warming up leaves no trace: two are
    watched for what cannot be captured, and one is the very code that is captured.

    Args:
        play: one iteration, eagerly.
        gradients: how those of a phase are computed.
        watching: has a check watch them, as one of its methods does.
        device: a CUDA device.
        kept: iterations whose metrics must stay readable.
        report: is told, in a sentence, of a plan that stays eager.
    """

    def __init__(
        self,
        play: Play,
        gradients: Gradients,
        watching: Callable[[CaptureCheck], Gradients],
        device: torch.device,
        kept: int,
        report: Callable[[str], None],
    ) -> None:
        self._play, self._gradients, self._watching = play, gradients, watching
        self._kept, self._report = kept, report
        self._device = device
        self._recording: Recording | None = None
        self._checks: dict[Plan, CaptureCheck] = {}
        self._captured: dict[Plan, Captured | None] = {}
        self._names: dict[Plan, tuple[str, ...]] = {}
        self._reported: set[str] = set()

    def __call__(self, plan: Plan) -> dict[str, Tensor]:
        """One iteration."""
        if plan not in self._captured:
            check = self._checks.setdefault(plan, CaptureCheck())
            if not check.complete:
                check.begin()
                return self._warm_up(plan, self._watching(check))
            if plan not in self._names:
                metrics = self._warm_up(plan, self._gradients)
                self._names[plan] = tuple(metrics)
                return metrics
            self._captured[plan] = self._capture(plan, check)
            del self._checks[plan]
        captured = self._captured[plan]
        return self._play(plan, self._gradients) if captured is None else captured.launch()

    def close(self) -> None:
        """Destroy the graphs: what NCCL has captured keeps its processes from ending."""
        for captured in self._captured.values():
            if captured is not None:
                destroy(captured.graph)
        self._recording = None  # torch takes no memory pool up again
        self._captured.clear()
        self._checks.clear()
        self._names.clear()

    def _warm_up(self, plan: Plan, gradients: Gradients) -> dict[str, Tensor]:
        """A real iteration, on the stream on which it will be captured."""
        self._recording = self._recording or Recording(self._device)
        return self._recording.warm_up(partial(self._play, plan, gradients))

    def _capture(self, plan: Plan, check: CaptureCheck) -> Captured | None:
        """The graph of an iteration, none of which is run now; None where there can be none."""
        obstacle = check.obstacle()
        if obstacle is None:
            try:
                return self._record(plan)
            except Unrecordable as error:
                obstacle = str(error)
        if obstacle not in self._reported:
            self._reported.add(obstacle)
            self._report(f"not captured as a CUDA graph, and slower: {obstacle}")
        return None

    def _record(self, plan: Plan) -> Captured:
        assert self._recording is not None  # the plan has been warmed up
        names = self._names[plan]
        ring = torch.empty(self._kept, len(names), device=self._device)
        last_row = torch.full((1,), -1, dtype=torch.int64, device=self._device)
        rows = torch.arange(self._kept, device=self._device).unsqueeze(1)

        def iteration() -> None:
            metrics = self._play(plan, self._gradients)
            last_row.add_(1).remainder_(self._kept)
            values = torch.stack([metrics[name].float() for name in names])
            # An index_copy_ would sort its one index, to be the same each time.
            ring.copy_(torch.where(rows == last_row, values, ring))

        return Captured(self._recording.graph_of(iteration), names, ring, rows, last_row)
