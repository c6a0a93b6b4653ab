"""Sweeps of real processes, and what Ctrl-C does with them."""

import re
import signal
import time
from pathlib import Path

from helpers.children import ganzoo, start
from helpers.cli import TINY

from ganzoo.runs.metrics_file import last_step
from ganzoo.runs.run import Run

LONG = ("--steps", "1000000", "--log-every", "1", "--mode", "eager", "--no-evaluate", "--jobs", "1")


def test_a_signal_stops_and_saves_all(tmp_path: Path) -> None:
    out = tmp_path / "s"
    flags = (*TINY, "--set", "lr=1e-3,1e-2", *LONG, "--out", str(out))
    child = start(tmp_path / "printed", "sweep", ganzoo, "sweep", "vanilla", *flags)
    run = out / "lr=0.001_seed=0"
    while last_step(run) == 0:
        assert child.process.is_alive(), child.err.read_text()
        time.sleep(0.1)
    child.hear(signal.SIGINT)
    assert child.wait() == 130, child.err.read_text()
    said = child.out.read_text()
    assert Run.open(run).state == "stopped"
    assert Run.open(run).step > 0
    assert not (out / "lr=0.01_seed=0").exists()
    assert re.search(r"stopped, and saved: the same command goes on\n +ganzoo ", said)
