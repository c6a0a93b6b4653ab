"""Augmentations that adapt do so by the steps of D, in every variant that takes one."""

import pytest
from helpers.zoo import NAMES, make_small

from ganzoo.config import options
from ganzoo.engine.modes.execution import Execution
from ganzoo.plugins.registry import registry

REFUSING = {"r3gan", "r3gan-cond", "progan", "wgan", "wgan-gp"}
"""Whose verdicts on the data have no level, or whose first images are too small."""
TAKING = [
    name
    for name in NAMES
    if name not in REFUSING and "augment" in options(registry().variant(name).load().Config)
]


@pytest.mark.parametrize("name", TAKING)
def test_ada_counts_steps_and_not_their_parts(name: str) -> None:
    found = []
    for parts in (1, 2):
        engine = make_small(name, Execution(accumulate=parts), augment="ada")
        engine.step()
        counted = ("augmentations.ada.updates", "augmentations.ada.seen")
        found.append([float(engine.variant.get_buffer(buffer)) for buffer in counted])
    assert found[0] == found[1]
    updates, seen = found[0]
    assert updates > 0
    assert seen == 4 * updates
