"""What only a GPU can show of captured iterations."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from helpers.games import OtherGradient, Toy, ToyConfig, points
from helpers.zoo import make_small
from torch import Tensor

from ganzoo import Batch, Phase
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution

pytestmark = pytest.mark.gpu
CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


class TwoPlans(Toy):
    """At every second iteration D moves twice."""

    def phases(self) -> list[Phase]:
        g, _ = super().phases()
        return [g, Phase("d", "d", self.d_loss, repeat=lambda i: 1 + i % 2)]

    def d_loss(self, batch: Batch) -> Tensor:
        if "fake" not in batch.shared:
            batch.shared["fake"] = self(self.sample_latent(len(batch))).detach()
        return super().d_loss(batch)


class CopiesWhenCaptured(TwoPlans):
    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        if torch.cuda.is_current_stream_capturing():
            loss = loss + torch.ones(1).to(loss.device).sum()
        return loss


def toy(cls: type[Toy], messages: list[str], execution: Execution) -> Engine:
    data = points()
    torch.manual_seed(0)
    variant = cls(ToyConfig(ema=0.9), data.spec).to(CUDA)
    feed = make_feed(data, 4, device=CUDA, seed=0)
    return Engine(variant, feed, 100, execution, messages.append)


def rows(engine: Engine, iterations: int) -> list[dict[str, float]]:
    """The metrics of so many iterations, during which others use what memory is free."""
    found: list[dict[str, float]] = []
    for _ in range(iterations):
        metrics = engine.step()
        others = [torch.full((1,), 99, device=CUDA) for _ in range(64)]
        found.append({name: float(value) for name, value in metrics.items()})
        del others
    return found


def same_state(one: Engine, other: Engine) -> bool:
    theirs = other.state()
    return all(torch.equal(value, theirs[name]) for name, value in one.state().items())


def test_metrics_are_counted_in_memory_of_their_own() -> None:
    messages: list[str] = []
    eager, fast = (toy(TwoPlans, messages, Execution(m, kept=3)) for m in ("eager", "graph"))
    torch.manual_seed(1)
    expected = rows(eager, 24)
    torch.manual_seed(1)
    assert rows(fast, 24) == expected  # two graphs take turns in the same memory
    assert same_state(eager, fast)
    assert messages == []


def test_a_capture_that_fails_is_explained_and_the_training_goes_on() -> None:
    messages: list[str] = []
    eager = toy(TwoPlans, messages, Execution())
    torch.manual_seed(1)
    expected = rows(eager, 16)
    fast = toy(CopiesWhenCaptured, messages, Execution("graph", kept=3))
    torch.manual_seed(1)
    assert rows(fast, 16) == expected
    assert same_state(eager, fast)
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert messages
    assert all("test_cuda.py:" in message for message in messages)
    assert not any("previous error" in message for message in messages)
    again = toy(TwoPlans, messages, Execution("graph", kept=3))  # and others can be captured
    torch.manual_seed(1)
    assert rows(again, 16) == expected
    assert all(again._run._captured.values())


def test_numbers_from_the_host_are_named() -> None:
    class Number(Toy):
        def d_loss(self, batch: Batch) -> Tensor:
            return super().d_loss(batch) * torch.tensor(0.5, device=self.device)

    messages: list[str] = []
    rows(toy(Number, messages, Execution("graph", kept=3)), 5)
    (message,) = messages
    assert "torch.tensor(0.5" in message
    assert "copies numbers from the host" in message


def test_what_autograds_threads_do_is_of_the_backward_pass() -> None:
    messages: list[str] = []
    rows(toy(OtherGradient, messages, Execution("graph", kept=3)), 5)
    (message,) = messages
    assert "phase 'd': the backward pass is not the same" in message


def test_no_graph_is_destroyed_while_another_is_captured() -> None:
    messages: list[str] = []
    for _ in range(3):
        old: Any = toy(TwoPlans, messages, Execution("graph", kept=3))
        rows(old, 10)
        old.itself = old
    del old
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        rows(toy(TwoPlans, messages, Execution("graph", kept=3)), 10)
    finally:
        gc.set_threshold(*threshold)
    assert messages == []


@pytest.mark.parametrize("name", ["dcgan", "wgan-gp", "cyclegan"])
def test_activations_are_recomputed_in_a_graph(name: str) -> None:
    found = []
    for mode in ("eager", "eager", "graph"):
        engine = make_small(name, Execution(mode, recompute=True, kept=8), device=CUDA)
        torch.manual_seed(1)
        found.append(rows(engine, 8))
        if mode == "graph":
            assert any(engine._run._captured.values())
    if found[0] == found[1]:
        assert found[2] == found[0]


def test_a_compiled_and_captured_training_goes_on_bitwise() -> None:
    execution, messages = Execution("graph", compiled_graph=True, kept=8), list[str]()
    whole, first = (toy(TwoPlans, messages, execution) for _ in range(2))
    torch.manual_seed(1)
    rows(whole, 20)
    torch.manual_seed(1)
    rows(first, 11)
    state = {name: value.clone() for name, value in first.state().items()}
    second = toy(TwoPlans, messages, execution)
    second.load_state(state)
    rows(second, 9)
    assert same_state(whole, second)
    assert messages == []
