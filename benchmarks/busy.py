"""What one busy core costs a training: ``python benchmarks/busy.py`` on a quiet machine.

dcgan is trained on glyphs, in turn with torch's default threads and with the tuner, alone and
beside a process that spins. The ratios are to the default alone.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from statistics import median

import torch

from ganzoo.data.dataset import DataRequest
from ganzoo.data.feed import make_feed
from ganzoo.data.made.glyphs import load
from ganzoo.engine.cpu.allocator import keep_freed_memory
from ganzoo.engine.cpu.threads import PERIOD, make_tuner
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry

SETTLING = 4 * PERIOD
"""Seconds after which the tuner has seen what is new and tried what is best."""


@contextmanager
def busy_core() -> Iterator[None]:
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def make_engine() -> Engine:
    torch.manual_seed(0)
    dataset = load(DataRequest(split="test"))
    cls = registry().variant("dcgan").load()
    variant = cls(equipped(cls.Config()), dataset.spec)
    return Engine(variant, make_feed(dataset, 64, device=variant.device, seed=0), 1_000_000)


def step_seconds(engine: Engine, seconds: float, *, tuned: bool) -> tuple[float, int]:
    """The median step of so many seconds after settling, and with how many threads it ended."""
    tuner = make_tuner(None if tuned else torch.get_num_threads(), torch.device("cpu"))
    start, steps = time.perf_counter(), []
    while (began := time.perf_counter()) < start + SETTLING + seconds:
        engine.step()
        tuner.tick()
        if began > start + SETTLING:
            steps.append(time.perf_counter() - began)
    threads = tuner.threads
    tuner.close()
    return median(steps), threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="timed in each of four cases")
    seconds = parser.parse_args().seconds
    if "OMP_NUM_THREADS" in os.environ:
        raise SystemExit("OMP_NUM_THREADS fixes the threads: unset it")
    keep_freed_memory()
    engine = make_engine()
    alone = None
    for busy in (False, True):
        for tuned in (False, True):
            with busy_core() if busy else nullcontext():
                step, threads = step_seconds(engine, seconds, tuned=tuned)
            alone = alone or step
            print(
                f"{'one busy core' if busy else 'quiet':14} {'tuner' if tuned else 'default':8}"
                f"{threads} threads {step * 1e3:8.1f} ms a step {step / alone:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
