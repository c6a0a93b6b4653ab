"""A run that was killed and resumed equals the run that never stopped, bit for bit."""

import json
import os
import random
import shlex
import signal
import time
from pathlib import Path

import pytest
import torch
from helpers.children import Child, after, start
from safetensors.torch import load_file

from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run

STEPS = 120
VANILLA = ["vanilla", "--dataset", "ring8", "--generator-widths", "32,32", "--n-critic", "2"]
IMAGES = ["--dataset", "glyphs", "--width", "2", "--batch-size", "8"]
DCGAN = ["dcgan", *IMAGES]
WGAN = ["wgan", "--dataset", "ring8", "--batch-size", "8"]  # the critic's warm-up included
WGAN_GP = ["wgan-gp", *IMAGES]
CGAN = ["cgan", "--architecture", "conv", *IMAGES]
ODENA = ["sgan", "--objective", "odena", "--labels", "25", *IMAGES]
LABELLED = ["--labels", "25", "--dataset", "glyphs", "--batch-size", "25"]
SALIMANS = ["sgan", "--objective", "feature-matching", *LABELLED]
CYCLEGAN = ["cyclegan", "--width", "2", "--blocks", "2", "--pool", "7", "--batch-size", "2"]
GAMES = (VANILLA, DCGAN, WGAN, WGAN_GP, CGAN, ODENA, SALIMANS, CYCLEGAN)
INTERVALS = ["--log-every", "5", "--sample-every", "30", "--checkpoint-every", "15"]

FEW = """
from ganzoo.data.made import drawing

drawing.SAMPLES |= {"train": 600, "test": 200}
"""
"""Glyphs and ink are few, so that they are drawn soon, and seen more than once."""
DYING = """
import signal
from ganzoo.engine.engine import Engine

step = Engine.step

def dying(engine):
    if engine.iteration >= {after} and signal.getitimer(signal.ITIMER_PROF)[0] == 0:
        signal.setitimer(signal.ITIMER_PROF, {seconds})
    return step(engine)

Engine.step = dying
"""
"""A training that is killed at once, whatever it does, some time after it has come to a step.

By SIGPROF, after seconds of its own processor time: however many others there are, it is not over.
"""


def train(folder: Path, name: str, *arguments: str | Path, python: str = "") -> Child:
    """``ganzoo train ARGUMENTS`` after lines of Python, in a process of its own."""
    return start(folder, name, after, FEW + python, "train", *map(str, arguments))


def finish(child: Child) -> None:
    assert child.wait() == 0, child.err.read_text()


def reach(child: Child, run: Path, step: int) -> None:
    """Wait until the run has logged `step`, or is over."""
    metrics = run / "metrics.jsonl"
    while child.process.is_alive():
        text = metrics.read_text() if metrics.exists() else ""
        lines = text.rpartition("\n")[0].splitlines()  # the last one may be half a line
        if lines and json.loads(lines[-1])["step"] >= step:
            return
        time.sleep(0.002)


def contents(run: Path) -> dict[str, object]:
    """All that a run leaves that should not depend on how it went."""
    files: dict[str, object] = {
        str(path.relative_to(run)): path.read_bytes()
        for path in [
            *run.glob("samples/*.png"),
            *run.glob("checkpoints/*/manifest.json"),
            run / "metrics.jsonl",
            run / "samples.gif",
        ]
    }
    kept = {path.name for path in (run / "checkpoints").iterdir()}
    names = {path.name for folder in (run, run / "samples") for path in folder.iterdir()}
    return files | {"checkpoints": kept, "names": names}


@pytest.mark.parametrize("variant", GAMES, ids=lambda v: "-".join(v[:3:2]))
def test_killed_at_random_and_resumed_equals_uninterrupted(
    tmp_path: Path, variant: list[str]
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    flags = [*variant, "--steps", str(STEPS), *INTERVALS]
    uninterrupted = train(tmp_path, "uninterrupted", *flags, "--out", whole)

    moments = random.Random(2)
    begin = (*flags, "--out", str(torn))
    for step in sorted(moments.sample(range(5, STEPS - 40), 2)):
        dying = DYING.format(after=step, seconds=moments.uniform(0.001, 0.02))
        child = train(tmp_path, f"killed after {step}", *begin, python=dying)
        assert child.wait() == -signal.SIGPROF, child.err.read_text()
        assert Run.open(torn).state == "killed"
        begin = ("--resume", str(torn))
    finish(train(tmp_path, "resumed", *begin))
    finish(uninterrupted)

    assert Run.open(torn).state == "finished"
    for name in (checkpoint.STATE, checkpoint.WEIGHTS):
        one, other = (
            load_file(run / "checkpoints" / f"{STEPS:08d}" / name) for run in (whole, torn)
        )
        assert one.keys() == other.keys()
        for key, tensor in one.items():
            assert torch.equal(tensor, other[key]), f"{name}: {key}"
    assert contents(whole) == contents(torn)


def test_ctrl_c_saves_where_it_is_and_says_how_to_go_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    long = ("--steps", "100000", "--mode", "eager")  # which would be compiled first
    child = train(tmp_path, "stopped", *VANILLA, *long, *INTERVALS, "--out", run)
    reach(child, run, 35)
    os.kill(child.process.pid, signal.SIGINT)
    assert child.wait() == 130, child.err.read_text()
    stopped, step = Run.open(run), Run.open(run).step
    assert stopped.state == "stopped"
    assert step >= 35
    assert stopped.metrics()[-1]["step"] == step
    onward = f"ganzoo train --resume {shlex.quote(str(run))}"
    assert onward in child.out.read_text().replace("\n", " ")
    finish(train(tmp_path, "resumed", "--resume", run, "--steps", str(step + 10)))
    assert Run.open(run).step == step + 10
