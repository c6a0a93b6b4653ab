"""Sweeps of real processes, and what Ctrl-C does with them."""

import re
import signal
import time
from pathlib import Path

from helpers.cli import TINY, spawn

from ganzoo.runs.metrics_file import last_step
from ganzoo.runs.run import Run

LONG = ("--steps", 1_000_000, "--log-every", 1, "--mode", "eager", "--no-evaluate", "--jobs", 1)


def test_a_signal_stops_and_saves_all(tmp_path: Path) -> None:
    out = tmp_path / "s"
    process = spawn("sweep", "vanilla", *TINY, "--set", "lr=1e-3,1e-2", *LONG, "--out", out)
    run = out / "lr=0.001_seed=0"
    while last_step(run) == 0:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert Run.open(run).state == "stopped"
    assert Run.open(run).step > 0
    assert not (out / "lr=0.01_seed=0").exists()
    assert re.search(r"stopped, and saved: the same command goes on\n +ganzoo ", said)
