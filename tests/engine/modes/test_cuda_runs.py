"""On a CUDA device a captured run is the eager run, bit for bit."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from helpers.games import Eventful, ToyConfig, points
from helpers.zoo import OBJECTIVES, make_small

from ganzoo import Progress
from ganzoo.data.feed import make_feed
from ganzoo.engine.device import pick_device
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution


@pytest.mark.gpu
@pytest.mark.parametrize(("name", "settings"), OBJECTIVES)
def test_a_captured_run_is_the_eager_run_bitwise(name: str, settings: dict[str, Any]) -> None:
    cuda, messages, runs = pick_device("cuda"), list[str](), []
    for mode in ("eager", "graph"):
        engine = make_small(name, Execution(mode, kept=12), device=cuda, **settings)
        if mode == "graph":
            engine._run._report = messages.append
        torch.manual_seed(1)
        pending = [engine.step() for _ in range(12)]
        rows = [{key: float(value) for key, value in row.items()} for row in pending]
        runs.append((rows, {key: value.clone() for key, value in engine.state().items()}))
    assert messages == []
    assert any(captured is not None for captured in engine._run._captured.values())
    (rows, state), (found, found_state) = runs
    assert found == rows
    for key, value in state.items():
        assert torch.equal(found_state[key], value), key


@pytest.mark.gpu
def test_an_eventful_game_is_captured_as_it_is_played_eagerly() -> None:
    """Gates, steps at once, upkeep and stages, and the dials that are numbers on a CPU."""

    class Dialled(Eventful):
        def dials(self, now: Progress) -> Mapping[str, float]:
            left = 1 - now.share
            moved = {"g.lr": left, "second.lr": left, "d.beta2": 1 - 0.1 * left}
            return {**super().dials(now), **moved}

    cuda, runs, messages = torch.device("cuda"), [], list[str]()
    for mode in ("eager", "graph"):
        data = points()
        torch.manual_seed(0)
        variant = Dialled(ToyConfig(), data.spec).to(cuda)
        feed = make_feed(data, 4, device=cuda, seed=0)
        engine = Engine(variant, feed, 100, Execution(mode, kept=60), messages.append)
        torch.manual_seed(1)
        pending = [engine.step() for _ in range(60)]
        rows = [{name: float(value) for name, value in row.items()} for row in pending]
        runs.append((rows, {name: value.clone() for name, value in engine.state().items()}))
    assert messages == []
    (rows, state), (found, found_state) = runs
    assert found == rows
    for name, value in state.items():
        assert torch.equal(found_state[name], value), name
