"""What the host does for a CUDA device, without one; what the device does, `-m gpu` tests."""

from pathlib import Path

import pytest
from helpers import children
from helpers.engine import fake_cuda
from helpers.zoo import NAMES

CASES = [*NAMES, "sgan objective=odena"]


@pytest.mark.parametrize("case", CASES)
def test_every_variant_is_captured_on_a_device_that_has_no_values(
    case: str, tmp_path: Path
) -> None:
    name, *settings = case.split()
    chosen = dict(pair.split("=") for pair in settings)
    child = children.start(tmp_path, "played", fake_cuda.play_all, name, chosen)
    assert child.wait() == 0, child.err.read_text()
    lines = child.out.read_text().splitlines()
    refused = [line for line in lines if ": --recompute computes layers twice that draw" in line]
    assert len(refused) <= 1  # of a discriminator with Dropout
    played = [line for line in lines if line not in refused]
    assert len(played) == len(fake_cuda.WAYS), child.err.read_text()
    assert [line for line in played if not line.endswith("in order")] == []
