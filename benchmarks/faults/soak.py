"""A long training of a tiny network: nothing grows that should not, and it stays as fast."""

import json
import os
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from faults.child import forked
from ganzoo.artifacts.pictures import plot_curves
from ganzoo.runs.metrics_file import METRICS, read_some

GROWN = 32 * 2**20
"""Bytes of memory that a training may take at its end beyond what it took early."""
SLOWER = 0.7
"""Of the steps early in it, the least at its end, in a second of the processor's."""
PLOTTED = 30.0
"""Seconds of the processor's that a plot of ten million records may take."""
LOOKS, ENOUGH = 400, 40
"""Looks at a training, about, and how many say something."""
PAUSE = 0.05
"""Seconds between two of them, at least."""
LOG = 100_000
"""Bytes of log.txt, however long the training."""


class Look(NamedTuple):
    """At a training that is under way."""

    seconds: float
    """Of the processor's, that it has used: others use the machine too."""
    step: int
    memory: int
    handles: int


def campaign(
    folder: Path, chance: random.Random, steps: int, records: int
) -> tuple[Counter[str], list[str]]:
    """Train for so many steps, and plot so many records; returns figures and what is wrong."""
    run, looks, due = folder / "run", list[Look](), 0.0
    args: list[object] = ["train", "vanilla", "--dataset", "ring8", "--mode", "eager"]
    args += ["--threads", 1, "--generator-widths", 8, "--discriminator-widths", 8]
    args += ["--batch-size", 8, "--seed", chance.randrange(1000), "--steps", steps, "--out", run]

    def watch(child: int) -> None:
        nonlocal due
        if time.monotonic() < due:
            return
        due, step = time.monotonic() + PAUSE, _last_step(run)
        if step >= (looks[-1].step if looks else 0) + steps // LOOKS:
            with suppress(OSError):  # it has just ended, or this system shows nothing
                looks.append(_look(child, step))

    done = forked(args, folder / "log", limit=24 * 3600.0, watch=watch)
    figures = Counter({"steps": steps, "seconds": round(done.seconds)})
    if done.status != 0:
        return figures, [f"status {done.status}: {done.said[-500:]}"]
    wrong = _judged(looks, run, figures) if len(looks) >= ENOUGH else []
    return figures, wrong + _plotted(folder, records, figures)


def _last_step(run: Path) -> int:
    """Of the last whole record."""
    try:
        with (run / METRICS).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4096))
            lines = file.read().splitlines()[:-1]
        return int(json.loads(lines[-1])["step"])
    except (OSError, IndexError, ValueError):
        return 0


def _look(child: int, step: int) -> Look:
    status = Path(f"/proc/{child}/statm").read_text().split()
    handles = len([*Path(f"/proc/{child}/fd").iterdir()])
    times = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    seconds = sum(map(int, times[11:13])) / os.sysconf("SC_CLK_TCK")  # its own and the system's
    return Look(seconds, step, 4096 * int(status[1]), handles)


def _judged(looks: list[Look], run: Path, figures: Counter[str]) -> list[str]:
    """Its middle fifth compared with its last one; what comes before is the beginning."""
    part = len(looks) // 5
    early, late = looks[part : 2 * part], looks[-part:]
    memory = [int(median(look.memory for look in some)) for some in (early, late)]
    handles = [int(median(look.handles for look in some)) for some in (early, late)]
    speeds = [
        (some[-1].step - some[0].step) / (some[-1].seconds - some[0].seconds)
        for some in (early, late)
    ]
    log = (run / "log.txt").stat().st_size
    figures |= Counter(
        {
            "kB of memory, early": memory[0] // 1024,
            "kB of memory, late": memory[1] // 1024,
            "handles, early": handles[0],
            "handles, late": handles[1],
            "steps a processor second, early": round(speeds[0]),
            "steps a processor second, late": round(speeds[1]),
            "bytes of log": log,
            "bytes of metrics": (run / METRICS).stat().st_size,
        }
    )
    wrong = []
    if memory[1] > memory[0] + GROWN:
        wrong.append(f"memory grows from {memory[0]} to {memory[1]} bytes")
    if handles[1] > handles[0]:
        wrong.append(f"handles grow from {handles[0]} to {handles[1]}")
    if speeds[1] < SLOWER * speeds[0]:
        wrong.append(f"{speeds[0]:.0f} steps a second become {speeds[1]:.0f}")
    if log > LOG:
        wrong.append(f"the log has {log} bytes")
    return wrong


def _plotted(folder: Path, records: int, figures: Counter[str]) -> list[str]:
    """What is wrong with a plot of so many records."""
    with (folder / METRICS).open("w") as file:
        for first in range(0, records, 10_000):
            lines = (
                {"step": 10 * step, "discriminator_loss": 1.2345678, "generator_loss": step % 97}
                for step in range(first, min(first + 10_000, records))
            )
            file.writelines(json.dumps(line) + "\n" for line in lines)
    begun = time.process_time()
    plot_curves(read_some(folder), folder / "curves.png")
    seconds = time.process_time() - begun
    figures |= Counter({"records": records, "ms to plot them": round(1000 * seconds)})
    (folder / METRICS).unlink()
    return [f"{records} records are plotted in {seconds:.0f} s"] if seconds > PLOTTED else []
