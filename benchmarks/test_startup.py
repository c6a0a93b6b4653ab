"""How long a user waits: for the commands that look around, and for a training's first step.

`make benchmark` prints a table for each; the number in brackets is the ratio to the fastest, which
is what nothing could do without: the libraries' own import.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

LIBRARIES = "import importlib.metadata, pluggy, rich.console, rich.table"
COMMANDS = ("list", "--help", "train --help", "datasets")
SAMPLES = 6000


def python(*args: str, **environment: str) -> None:
    subprocess.run(
        [sys.executable, *args],
        check=True,
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
    )


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_looking_around(benchmark: BenchmarkFixture, command: str | None) -> None:
    benchmark.group = "a command that looks around"
    benchmark.name = f"ganzoo {command}" if command else LIBRARIES
    args = ["-m", "ganzoo", *command.split()] if command else ["-c", LIBRARIES]
    benchmark.pedantic(python, args=args, rounds=20, warmup_rounds=1)


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an MNIST of noise, a tenth as long as the real one."""
    root = tmp_path_factory.mktemp("data")
    raw = root / "MNIST/raw"
    raw.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ("train", "t10k"):
        images = random.integers(0, 256, (SAMPLES, 28, 28), dtype=np.uint8)
        labels = random.integers(0, 10, SAMPLES, dtype=np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            shape = np.array(array.shape, dtype=">u4").tobytes()
            header = bytes([0, 0, 8, array.ndim]) + shape
            (raw / f"{name}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return root


def train_one_step(data: Path, cache: Path, out: Path) -> None:
    """Wait until ``ganzoo train`` reports its first step, and end it there."""
    command = ["-m", "ganzoo", "train", "vanilla", "--dataset", "mnist", "--data-root", str(data)]
    command += ["--steps", "100", "--log-every", "1", "--out", str(out)]
    environment = os.environ | {"GANZOO_CACHE": str(cache), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("step 1/") for line in process.stdout)
        process.kill()


@pytest.mark.parametrize("cache", ["warm", "cold"])
def test_first_step(benchmark: BenchmarkFixture, mnist: Path, tmp_path: Path, cache: str) -> None:
    benchmark.group = "the first step of ganzoo train vanilla --dataset mnist"
    benchmark.name = f"a {cache} cache"
    rounds = iter(range(100))

    def next_round() -> tuple[tuple[Path, Path, Path], dict[str, object]]:
        number = next(rounds)
        folder = "cache" if cache == "warm" else f"cache-{number}"
        return (mnist, tmp_path / folder, tmp_path / f"run-{number}"), {}

    train_one_step(*next_round()[0])  # fills the warm cache, and the disk's
    benchmark.pedantic(train_one_step, setup=next_round, rounds=5)


def test_import_of_torch(benchmark: BenchmarkFixture) -> None:
    benchmark.group = "the first step of ganzoo train vanilla --dataset mnist"
    benchmark.name = "import torch"
    benchmark.pedantic(python, args=["-c", "import torch"], rounds=5, warmup_rounds=1)
