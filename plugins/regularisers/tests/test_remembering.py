"""What LeCam remembers moves by the steps of D, in every variant that takes it."""

import pytest
from helpers.zoo import NAMES, make_small

from ganzoo.config import options
from ganzoo.engine.modes.execution import Execution
from ganzoo.plugins.registry import registry

TAKING = [
    name for name in NAMES if "regulariser" in options(registry().variant(name).load().Config)
]
AVERAGES = "real_average", "fake_average", "seen"


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("name", TAKING)
def test_lecam_averages_steps_and_not_their_parts(name: str, every: int) -> None:
    found = []
    for parts in (1, 2):
        term = f"lecam:every={every},decay=0.5"
        engine = make_small(name, Execution(accumulate=parts), regulariser=term)
        for _ in range(every):
            engine.step()
        buffers = (f"regularisers.lecam.{average}" for average in AVERAGES)
        found.append([float(engine.variant.get_buffer(buffer)) for buffer in buffers])
    assert 0.5 <= found[0][2] == found[1][2] < 1
    assert 0 not in found[0] + found[1]
