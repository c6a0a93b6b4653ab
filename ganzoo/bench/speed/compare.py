"""The contestants take turns, and each becomes a row."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ganzoo.artifacts.files import replacing
from ganzoo.bench.speed.process import Process, Unplayable
from ganzoo.bench.speed.quiet import TOLERATED, Watch
from ganzoo.bench.speed.spec import BASELINES, ENGINE, Entrant, Game
from ganzoo.engine.modes.names import PRECISIONS
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import PYTHON

ROUNDS = 5
"""In each, every contestant has a turn: what slows the machine down slows all of them."""
ENOUGH_QUIET = 3
"""Rounds that must be undisturbed for the others to be left out."""
SETTLING = {"eager": 3, "compile": 5, "graph": 15, "graph+compile": 15}
"""Steps after the first until nothing is compiled or captured any more, in each mode."""
TUNING = 3.0
"""Seconds for an engine on a CPU to choose its number of threads, at most."""
TRACED = 10
"""Steps of a trace, and at most of what is timed by phase."""

NEEDS_CUDA = "needs CUDA"

Row = dict[str, Any]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Length:
    """How long each contestant is measured: in seconds, or in steps if they are given."""

    seconds: float = 3.0
    steps: int | None = None

    def turn(self, step: float) -> int:
        """Steps of one turn, for steps of so many seconds."""
        wanted = self.seconds / step if self.steps is None else self.steps
        return max(1, round(wanted / ROUNDS))


@dataclass(frozen=True)
class Turn:
    """What a contestant did in a round."""

    seconds: float
    steps: int
    images: int
    others: float | None = None
    """Cores that other processes kept busy meanwhile."""

    @property
    def step(self) -> float:
        """Seconds a step."""
        return self.seconds / self.steps


Round = Mapping[Entrant, Turn]


@dataclass(frozen=True)
class Started:
    """A contestant that is ready."""

    process: Process
    times: tuple[float, ...]
    """Seconds of each step so far."""


def describe_machine(device: str, precisions: Sequence[str] = PRECISIONS) -> dict[str, Any]:
    """The device, the versions and the peaks, as `ganzoo.bench.speed.probe` finds them.

    Args:
        device: as ``--device`` names it.
        precisions: in which the peaks are wanted.

    Raises:
        GanzooError: torch cannot use the device.
    """
    done = subprocess.run(
        [*PYTHON, "-m", "ganzoo.bench.speed.probe", device, *precisions],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    if "error" in found:
        raise GanzooError(found["error"])
    return found


def compare(
    game: Game,
    entrants: Sequence[Entrant],
    machine: Mapping[str, Any],
    length: Length,
    report: Report,
    trace: Path | None = None,
) -> list[Row]:
    """A row for each of the two baselines and for each entrant.

    Args:
        game: what they play.
        entrants: of the engine.
        machine: as `describe_machine` says.
        length: how long each is measured.
        report: is told what happens.
        trace: where a Chrome trace of the first entrant that plays is written.

    Returns:
        Rows whose ``error`` says what is wrong, where something is.
    """
    wanted = [*BASELINES.values(), *entrants]
    with ExitStack() as stack:
        started, errors = _start(game, wanted, machine, length, stack, report)
        rounds, disturbed = undisturbed(_play(started, length, report))
        rows = {who: _row(one, who, rounds) for who, one in started.items()}
        ours = {who: one.process for who, one in started.items() if who.kind == ENGINE}
        if trace is not None and ours:
            report("tracing some steps")
            with replacing(trace) as temporary:
                first = next(iter(ours.values()))
                first.ask("trace", steps=TRACED, path=str(temporary.absolute()))
        for precision in dict.fromkeys(who.precision for who in ours):
            found = _anatomy(game, precision, ours, stack, report)
            peak = machine["peak_flops"].get(precision)
            for who in ours:
                if who.precision == precision:
                    rows[who] |= _work(found, rows[who]["ms_per_step"] / 1000, peak)
    for row in rows.values():
        row["disturbed_rounds"] = disturbed
    missing = {who: {"error": error} for who, error in errors.items()}
    return [_EMPTY | _named(game, who) | (rows | missing)[who] for who in wanted]


def undisturbed(rounds: Sequence[Round]) -> tuple[Sequence[Round], int]:
    """The rounds in which nobody else used the machine, or all if too few are so; and how many
    were disturbed."""
    quiet = [one for one in rounds if (_most(t.others for t in one.values()) or 0.0) <= TOLERATED]
    kept = quiet if len(quiet) >= min(ENOUGH_QUIET, len(rounds)) else rounds
    return kept, len(rounds) - len(quiet)


def ratio(rounds: Sequence[Round], baseline: Entrant, who: Entrant) -> dict[str, float] | None:
    """How many times as fast as the baseline, round by round: median, least and greatest."""
    found = [one[baseline].step / one[who].step for one in rounds if baseline in one]
    if not found:
        return None
    return {"median": median(found), "min": min(found), "max": max(found)}


def _start(
    game: Game,
    wanted: Sequence[Entrant],
    machine: Mapping[str, Any],
    length: Length,
    stack: ExitStack,
    report: Report,
) -> tuple[dict[Entrant, Started], dict[Entrant, str]]:
    """Those that can play, and what is wrong with the others."""
    started, errors = {}, {}
    for who in wanted:
        if who.needs_cuda and machine["kind"] != "cuda":
            errors[who] = NEEDS_CUDA
            continue
        report(f"setting up {who}")
        try:
            process = stack.enter_context(Process(game, who))
            times = process.ask("each", steps=SETTLING[who.mode])
            if who.kind == ENGINE:
                process.ask("tune", seconds=min(TUNING, length.seconds))
        except Unplayable as error:
            return {}, dict.fromkeys(wanted, str(error))
        except GanzooError as error:
            errors[who] = str(error)
        else:
            started[who] = Started(process, (process.first, *times))
    return started, errors


def _play(started: Mapping[Entrant, Started], length: Length, report: Report) -> list[Round]:
    """Rounds, each of which another one begins."""
    order = [*started]
    turns = {who: length.turn(median(one.times[-3:])) for who, one in started.items()}
    sessions = {one.process.session for one in started.values()}
    rounds: list[Round] = []
    for number in range(ROUNDS):
        turn = {}
        for who in order:
            report(f"round {number + 1} of {ROUNDS}: {who}")
            watch = Watch(sessions)
            done = started[who].process.ask("run", steps=turns[who])
            turn[who] = Turn(done["seconds"], turns[who], done["images"], watch.others())
        rounds.append(turn)
        order = [*order[1:], *order[:1]]
    return rounds


def _row(one: Started, who: Entrant, rounds: Sequence[Round]) -> Row:
    """What is measured of any contestant, and how many times as fast the engine is."""
    turns = [turn[who] for turn in rounds]
    step = median(turn.step for turn in turns)
    busy = one.process.ask("busy", steps=_few(step))
    row = one.process.about | {
        "images_per_second": median(turn.images / turn.seconds for turn in turns),
        "ms_per_step": 1000 * step,
        "startup_seconds": one.process.startup,
        "busy_share": None if busy is None else busy / step,
        **one.process.ask("status"),
        "rounds": len(rounds),
        "others": _most(turn.others for turn in turns),
    }
    if who.kind == ENGINE:
        row |= {f"times_{name}": ratio(rounds, other, who) for name, other in BASELINES.items()}
        if who.mode != "eager":
            row["compile_seconds"] = max(0.0, sum(one.times) - len(one.times) * step)
    return row


def _anatomy(
    game: Game,
    precision: str,
    players: Mapping[Entrant, Process],
    stack: ExitStack,
    report: Report,
) -> dict[str, Any]:
    """Time by phase and operations, of an eager engine, which alone can be looked into."""
    eager = Entrant(ENGINE, "eager", precision)
    report(f"taking {eager} apart")
    process = players.get(eager) or stack.enter_context(Process(game, eager))
    found: dict[str, Any] = process.ask("anatomy", steps=_few(process.ask("each", steps=1)[0]))
    return found


def _work(found: Mapping[str, Any], step: float, peak: float | None) -> Row:
    speed = found["flops"] / step
    return {
        "ms_by_phase": found["phases"],
        "flops_per_step": found["flops"],
        "flops_per_second": speed,
        "peak_share": None if peak is None else speed / peak,
    }


def _few(step: float) -> int:
    """As many steps as take about a second, at most those of a trace."""
    return max(1, min(TRACED, round(1 / step)))


def _most(values: Any) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _named(game: Game, who: Entrant) -> Row:
    contestant = {"contestant": who.kind, "mode": who.mode, "precision": who.precision}
    return {"variant": game.variant, **contestant}


_EMPTY: Row = {
    "data": None,
    "shape": None,
    "batch_size": None,
    "images_per_second": None,
    "ms_per_step": None,
    "ms_by_phase": None,
    "memory": None,
    "threads": None,
    "process": [],
    "startup_seconds": None,
    "compile_seconds": None,
    "busy_share": None,
    "flops_per_step": None,
    "flops_per_second": None,
    "peak_share": None,
    **{f"times_{name}": None for name in BASELINES},
    "rounds": 0,
    "disturbed_rounds": 0,
    "others": None,
    "notes": [],
    "error": None,
}
