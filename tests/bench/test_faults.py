"""The campaign of faults in short: nothing is lost, and nothing is let in."""

import json
import os
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_nothing_is_lost_and_nothing_let_in(tmp_path: Path) -> None:
    """In a process of its own, as it forks before anything has threads."""
    report = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "faults", "--short", "--report", report],
        cwd=BENCHMARKS,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    told = json.loads(report.read_text())
    assert told["wrong"] == []
    parts = {"kills", "machine", "mutations", "files", "power", "surroundings", "soak"}
    assert {*told["figures"]} == parts
