"""Digits to quality: a training by its recipe, and the evaluation, with the time that they take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from gpu.steps.told import DEVICE, REHEARSING, STEM, fenced, found, results, work


def ganzoo(*arguments: str) -> tuple[str, float]:
    """What a command prints on stdout, and its seconds."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "ganzoo", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"`ganzoo {' '.join(arguments)}` failed ({done.returncode})")
    return done.stdout, time.monotonic() - begin


def data() -> list[str]:
    """Flags of MNIST, where it lies; else of digits that are drawn."""
    root = os.environ["GPU_DATA"]
    if root and Path(root, "MNIST").exists():
        return ["--dataset", "mnist", "--data-root", root]
    found(f"- MNIST is not in {root or '--data-root, which was not given'}: glyphs instead")
    return ["--dataset", "glyphs"]


def main() -> None:
    """Train dcgan, and measure its samples."""
    run = work() / "digits"
    small = ["--steps", "20", "--width", "2", "--batch-size", "8"] if REHEARSING else []
    train = ["train", "dcgan", *data(), "--device", DEVICE, *small]
    found(f"- `ganzoo {' '.join(train)}`")
    _, seconds = ganzoo(*train, "--out", str(run))
    found(f"- the training took {seconds:.1f} s, its start included")
    picture = max((run / "samples").glob("0*.png"))
    shutil.copy(picture, results() / f"{STEM}-samples.png")
    few = ["--n", "100", "--metrics", "distance"] if REHEARSING else []
    scores, seconds = ganzoo("evaluate", str(run), "--device", DEVICE, *few)
    found(f"- the evaluation took {seconds:.1f} s, the training of its classifier included")
    found(f"\n{fenced(scores)}")


if __name__ == "__main__":
    main()
