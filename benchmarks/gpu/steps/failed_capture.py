"""What cannot be captured is named, and trains on eagerly; and the next engine captures again."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from helpers.games import Toy, ToyConfig, points
from torch import Tensor

from ganzoo import Batch
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution
from gpu.steps.taped import capture_on_tapes
from gpu.steps.told import DEVICE, REHEARSING, found

ITERATIONS = 12


class ReadsOnHost(Toy):
    """Is found out before anything is captured."""

    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        return loss * min(1.0, loss.item())


class Waits(Toy):
    """Does what only a capture refuses."""

    def d_loss(self, batch: Batch) -> Tensor:
        wait()
        return super().d_loss(batch)


cuda = capture_on_tapes() if REHEARSING else None


def wait() -> None:
    """Wait for the device."""
    if cuda is None:
        torch.cuda.synchronize()
    elif cuda.capturing:
        raise RuntimeError("operation not permitted when stream is capturing")


def train(cls: type[Toy], mode: str) -> tuple[Sequence[dict[str, float]], list[str]]:
    """Some iterations: their metrics, and what the engine had to report."""
    device, data, notes = torch.device(DEVICE), points(), list[str]()
    torch.manual_seed(0)
    variant = cls(ToyConfig(), data.spec).to(device)
    feed = make_feed(data, 4, device=device, seed=0)
    engine = Engine(variant, feed, 100, Execution(mode, kept=ITERATIONS), notes.append)
    torch.manual_seed(1)
    pending = [engine.step() for _ in range(ITERATIONS)]
    return [{name: float(value) for name, value in row.items()} for row in pending], notes


def main() -> None:
    """Try both, each followed by a game that can be captured."""
    problems = []
    for cls, notes_expected in ((ReadsOnHost, 1), (Toy, 0), (Waits, 1), (Toy, 0)):
        expected, _ = train(cls, "eager")
        rows, notes = train(cls, "graph")
        equal = rows == expected
        found(f"- {cls.__name__}: {'equal to' if equal else '**not**'} the eager training; {notes}")
        if not equal or len(notes) != notes_expected:
            problems.append(cls.__name__)
    sys.exit(f"not as it should be: {', '.join(problems)}" if problems else 0)


if __name__ == "__main__":
    main()
