"""A captured training that was killed twice and resumed equals the one that never stopped.

python -m gpu.steps.resume VARIANT
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from gpu.steps.told import DEVICE, REHEARSING, found, work

STEPS, KILLED_AT = (60, (23,)) if REHEARSING else (600, (233, 417))
SMALLER = {"vanilla": ["--generator-widths", "16"], "dcgan": ["--width", "2"]}


def run(*arguments: str) -> int:
    """A command of ganzoo: how it ended."""
    command = [sys.executable, "-m", "gpu.steps.training", *arguments]
    environment = os.environ | {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    return subprocess.run(command, env=environment).returncode


def manifest(folder: Path) -> str:
    """The hashes of the last checkpoint's files."""
    return (folder / "checkpoints" / f"{STEPS:08d}" / "manifest.json").read_text()


def main() -> None:
    """Train a variant without a break, and with two."""
    variant = sys.argv[1]
    whole, torn = (work() / f"{variant}-{name}" for name in ("whole", "torn"))
    flags = [
        *("train", variant, "--dataset", "glyphs", "--device", DEVICE, "--mode", "graph"),
        *("--steps", str(STEPS), "--batch-size", "8" if REHEARSING else "64"),
        *("--checkpoint-every", str(STEPS // 6), "--sample-every", str(STEPS)),
        *("--threads", "1"),
        *(SMALLER[variant] if REHEARSING else []),
    ]
    if run(*flags, "--out", str(whole)):
        sys.exit("the training without a break failed")
    begin = (*flags, "--out", str(torn))
    for iteration in KILLED_AT:
        status = run("--die-at", str(iteration), *begin)
        if status != -signal.SIGKILL:
            sys.exit(f"it ended ({status}) before it was killed at {iteration}")
        begin = ("train", "--resume", str(torn))
    if run(*begin):
        sys.exit("the training that was killed could not be resumed")
    log = (whole / "log.txt").read_text()
    lines = [f"- {line}" for line in log.splitlines() if "not captured" in line]
    equal = manifest(whole) == manifest(torn)
    kills = " and ".join(map(str, KILLED_AT))
    said = "the checkpoints have the same SHA-256" if equal else "**the checkpoints differ**"
    found("\n".join([f"- killed at {kills} of {STEPS} iterations and resumed: {said}", *lines]))
    sys.exit(0 if equal and not lines else "not the same training")


if __name__ == "__main__":
    main()
