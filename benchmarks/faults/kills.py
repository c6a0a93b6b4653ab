"""SIGKILL at random moments of a training: it goes on, and ends as one that was left alone."""

import random
import shutil
import time
from collections import Counter
from pathlib import Path

from faults.child import forked
from faults.ground import left_by, training, variants, whole_checkpoint
from ganzoo.errors import GanzooError
from ganzoo.runs.run import Run

CHAIN = 4
"""Kills of one training, at most, before it is left alone."""


def campaign(
    folder: Path, data: Path, chance: random.Random, until: float
) -> tuple[Counter[str], list[str]]:
    """Kill trainings of all variants in turn until a time.

    Returns:
        How often what happened, and each thing that should not have.
    """
    counts, wrong = Counter[str](), list[str]()
    wholes: dict[str, tuple[dict[str, object], float]] = {}
    names = variants()
    while time.monotonic() < until:
        for name in names:
            if time.monotonic() >= until:
                break
            if name not in wholes:
                whole = folder / f"whole-{name}"
                done = forked([*training(name, data), "--out", whole], folder / "log")
                if done.status != 0:
                    wrong.append(f"{name}: {done.said[-500:]}")
                    names = [other for other in names if other != name]
                    continue
                wholes[name] = left_by(whole), done.seconds
            counts["trainings"] += 1
            wrong += _torn(name, folder / "torn", data, chance, *wholes[name], counts)
    return counts, wrong


def _torn(
    name: str,
    run: Path,
    data: Path,
    chance: random.Random,
    expected: dict[str, object],
    seconds: float,
    counts: Counter[str],
) -> list[str]:
    """One training that is killed a few times."""
    shutil.rmtree(run, ignore_errors=True)
    log = run.with_suffix(".log")
    begin: list[object] = [*training(name, data), "--out", run]
    for _ in range(chance.randint(1, CHAIN)):
        done = forked(begin, log, kill_after=chance.uniform(0.0, seconds))
        if not done.killed:
            if done.status != 0:
                return [f"{name}: {done.said[-500:]}"]
            break
        counts["kills"] += 1
        try:
            whole = whole_checkpoint(run)
        except (GanzooError, ValueError, OSError) as error:
            return [f"{name}: unreadable after a kill: {error}"]
        if whole is None:
            counts["before the first checkpoint"] += 1
            shutil.rmtree(run, ignore_errors=True)
        elif not whole:
            return [f"{name}: a manifest of another step"]
        else:
            begin = ["train", "--resume", run]
        if _is_over(run):  # it was killed while it left
            break
    if not _is_over(run):
        done = forked(begin, log)
        if done.killed:
            return [f"{name}: it is not over within {done.seconds:.0f} s, on so busy a machine"]
        if done.status != 0:
            return [f"{name}: it does not go on: {done.said[-500:]}"]
    found = left_by(run)
    different = [
        key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)
    ]
    return [f"{name}: differs in {', '.join(sorted(different))}"] if different else []


def _is_over(run: Path) -> bool:
    return (run / "run.json").exists() and Run.open(run).settings.get("outcome") == "finished"
