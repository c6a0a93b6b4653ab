"""``ganzoo ARGS``, equal bit for bit when it is run again, and killed on the way if asked.

python -m gpu.steps.training [--die-at ITERATION] ARGS...
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import torch

from ganzoo.cli import main as ganzoo
from ganzoo.engine.engine import Engine
from gpu.steps.taped import capture_on_tapes
from gpu.steps.told import REHEARSING


def die_at(iteration: int) -> None:
    """Have the process be killed, as by a power cut, before that iteration."""
    step = Engine.step

    def dying(engine: Engine) -> Any:
        if engine.iteration == iteration:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(engine)

    Engine.step = dying  # type: ignore[method-assign]


def main() -> None:
    """Run the command."""
    if REHEARSING:
        capture_on_tapes()
    torch.use_deterministic_algorithms(True, warn_only=True)
    if sys.argv[1] == "--die-at":
        die_at(int(sys.argv[2]))
        del sys.argv[1:3]
    ganzoo()


if __name__ == "__main__":
    main()
