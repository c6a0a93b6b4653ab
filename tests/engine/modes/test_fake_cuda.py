"""What the host does for a CUDA device, without one; what the device does, `-m gpu` tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.engine import fake_cuda
from helpers.zoo import NAMES

CASES = [*NAMES, "sgan objective=odena"]


@pytest.mark.parametrize("case", CASES)
def test_every_variant_is_captured_on_a_device_that_has_no_values(case: str) -> None:
    script = Path(fake_cuda.__file__)
    paths = [str(script.parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, str(script), *case.split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if not line.endswith("in order")]
    assert len(done.stdout.splitlines()) == len(fake_cuda.WAYS), done.stderr
    if found:  # in a discriminator with Dropout
        (line,) = found
        assert ": --recompute computes layers twice that draw random numbers" in line
