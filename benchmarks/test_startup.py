"""How long the commands take that a user types to look around."""

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("command", ["list", "--help", "train --help", "datasets"])
def test_startup(benchmark: BenchmarkFixture, command: str) -> None:
    benchmark.group = "start-up of a command"
    benchmark.name = f"ganzoo {command}"
    call = [sys.executable, "-m", "ganzoo", *command.split()]
    benchmark.pedantic(
        lambda: subprocess.run(call, check=True, stdout=subprocess.DEVNULL),
        rounds=10,
        warmup_rounds=1,
    )
