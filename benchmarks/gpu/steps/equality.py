"""A game computes the same in each of the engine's modes; its compiled code is then in the cache.

    python -m gpu.steps.equality "dcgan 32"

Bit for bit as a graph, if two eager runs are equal so, and at its first iteration to rounding as
compiled code.
"""

from __future__ import annotations

import copy
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganzoo.bench.speed.ours import make_engine
from ganzoo.bench.speed.setting import Setting, set_up
from ganzoo.bench.speed.spec import Entrant
from gpu.steps.games import BEST, COMPILE, EAGER, GAMES, GRAPH, game
from gpu.steps.taped import capture_on_tapes
from gpu.steps.told import REHEARSING, WHOLE, compiled_code, found

ITERATIONS = 10
"""Of which the first three are no replays of a graph."""
ROUNDING = {"fp32": 0.02, "bf16": 0.3}
"""By which metrics may differ, relatively; and absolutely by a third of that."""


@dataclass(frozen=True)
class Played:
    """What an engine has computed."""

    rows: Sequence[Mapping[str, float]]
    """Its metrics."""
    state: Mapping[str, Tensor]
    notes: Sequence[str]
    """What it had to report."""

    def difference(self, other: Played) -> float:
        """The greatest of their states, or of their metrics; 0 if they are equal bit for bit."""
        pairs = [(self.state[name], other.state[name]) for name in self.state]
        floats = [(a, b) for a, b in pairs if a.is_floating_point()]
        of_states = [float((a - b).abs().max()) for a, b in floats if a.numel()]
        of_rows = [
            abs(one[name] - another[name])
            for one, another in zip(self.rows, other.rows, strict=True)
            for name in one
        ]
        others = [not torch.equal(a, b) for a, b in pairs if not a.is_floating_point()]
        return math.inf if any(others) else max(of_states + of_rows)


def play(setting: Setting, entrant: Entrant) -> Played:
    """Some iterations, from the same weights and random numbers whoever plays."""
    notes: list[str] = []
    own = replace(setting, variant=copy.deepcopy(setting.variant))
    engine = make_engine(own, entrant, notes.append)
    if REHEARSING:  # before rates decay: on a CPU they are numbers, which a tape takes for good
        engine.iteration //= 2
    torch.manual_seed(1)
    pending = [engine.step() for _ in range(ITERATIONS)]
    rows = [{name: float(value) for name, value in row.items()} for row in pending]
    return Played(rows, {name: value.clone() for name, value in engine.state().items()}, notes)


def check_graph(setting: Setting) -> str | None:
    """Compare a captured run with two eager ones; what is wrong, if anything is."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        eager, again, captured = (play(setting, who) for who in (EAGER, EAGER, GRAPH))
    finally:
        torch.use_deterministic_algorithms(False)
    noise, difference = eager.difference(again), eager.difference(captured)
    found(f"- two eager runs differ by {noise:g}, and the captured run from them by {difference:g}")
    for note in captured.notes:
        found(f"- {note}")
    if captured.notes:
        return "it was not captured"
    if difference > 10 * noise:
        return "the captured run is another one than the eager run"
    return None


def check_compiled(setting: Setting, entrant: Entrant) -> str | None:
    """Compare a compiled run with an eager one of its precision; what is wrong, if anything is."""
    eager = play(setting, replace(EAGER, precision=entrant.precision))
    compiled = play(setting, entrant)
    for note in compiled.notes:
        found(f"- {entrant}: {note}")
    allowed = ROUNDING[entrant.precision]
    first = {
        name: (value, compiled.rows[0][name])
        for name, value in eager.rows[0].items()
        if not math.isclose(value, compiled.rows[0][name], rel_tol=allowed, abs_tol=allowed / 3)
    }
    finite = all(math.isfinite(value) for row in compiled.rows for value in row.values())
    found(f"- {entrant}: the first iteration is {'another one' if first else 'that of eager code'}")
    if first:
        return f"{entrant} computes {first}"
    return None if finite else f"{entrant} computes numbers that are not finite"


def main() -> None:
    """Check one game."""
    name = sys.argv[1]
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(compiled_code(name))
    entrants = [COMPILE, BEST]
    if REHEARSING:
        capture_on_tapes()
        # A tape does not see what compiled code does, and one game shows how compiling goes.
        entrants = [COMPILE] if name == next(iter(GAMES)) else []
    setting = set_up(game(name))
    problems = [check_graph(setting), *(check_compiled(setting, who) for who in entrants)]
    compiled_code(name).mkdir(parents=True, exist_ok=True)
    (compiled_code(name) / WHOLE).touch()
    sys.exit("; ".join(problem for problem in problems if problem) or 0)


if __name__ == "__main__":
    main()
