"""Captured iterations, with a tape in the place of a CUDA graph where there is no CUDA device.

A tape does what a graph does: it takes down every operation with its addresses and its numbers, and
runs them again without the host. What a real graph adds, `test_modes.py` tests on a GPU.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers.games import Eventful, Toy, ToyConfig, points
from helpers.zoo import NAMES, make_small
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo import Batch, Phase
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes import graph
from ganzoo.engine.modes.execution import Execution
from ganzoo.engine.modes.graph import Graphs

OBJECTIVES = [(name, {}) for name in NAMES] + [("sgan", {"objective": "odena"})]


class Tape(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[Any, Any, Any]] = []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.is_mutable or "batch_norm" in func.name():
            for place in tree_leaves(args):
                if isinstance(place, Tensor):
                    self._before.setdefault(place.data_ptr(), (place, place.clone()))
        out = func(*args, **(kwargs or {}))
        self._calls.append((func, (args, kwargs or {}), out))
        return out

    def take_back(self) -> None:
        """What was changed while it recorded: a real capture runs nothing."""
        with torch.no_grad():
            for place, value in self._before.values():
                place.copy_(value)

    def replay(self) -> None:
        """Run all again, each result to where it was: views of it are up to date at once."""
        with torch.no_grad():
            for func, (args, kwargs), out in self._calls:
                schema = func._schema
                if schema.is_mutable:
                    func(*args, **kwargs)
                elif not any(result.alias_info for result in schema.returns):
                    again = func(*args, **kwargs)
                    for place, value in zip(tree_leaves(out), tree_leaves(again), strict=True):
                        if isinstance(place, Tensor):
                            place.copy_(value)


class FakeCuda:
    """As much of `torch.cuda` as the engine needs to capture, with tapes on the CPU."""

    CUDAGraph = Tape

    captures = 0

    @contextmanager
    def graph(self, tape: Tape, **_: Any) -> Iterator[None]:
        self.captures += 1
        random = torch.get_rng_state()
        with tape:
            yield
        tape.take_back()
        torch.set_rng_state(random)

    def Stream(self, _: Any) -> Any:
        return SimpleNamespace(wait_stream=lambda other: None)

    current_stream = Stream

    def stream(self, _: Any) -> Any:
        return nullcontext()

    def synchronize(self, _: Any) -> None:
        pass


def captured(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """Have the engine capture on tapes."""

    fake = FakeCuda()
    shown = SimpleNamespace(**{name: getattr(torch, name) for name in ("full", "int64", "stack")})
    shown.cuda, shown.empty = fake, torch.empty
    monkeypatch.setattr(graph, "torch", shown)
    cpu = torch.device("cpu")
    take, kept = take_gradients, engine.execution.kept
    engine._run = Graphs(engine._play, take, take, cpu, kept, print)
    return fake


def rows(engine: Engine, iterations: int) -> list[dict[str, float]]:
    """The metrics of so many iterations, all read at the end."""
    torch.manual_seed(1)
    pending = [engine.step() for _ in range(iterations)]
    return [{name: float(value) for name, value in row.items()} for row in pending]


@pytest.mark.parametrize(("name", "settings"), OBJECTIVES)
def test_a_captured_training_is_the_eager_one_bitwise(
    name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    eager = make_small(name, **settings)
    expected = rows(eager, 9)
    taped = make_small(name, Execution(kept=9), **settings)
    fake = captured(taped, monkeypatch)
    assert rows(taped, 9) == expected
    assert fake.captures >= 1
    for key, value in eager.state().items():
        assert torch.equal(taped.state()[key], value), key


def test_an_eventful_training_is_captured_and_the_eager_one_bitwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Gates, steps at once, own batches, upkeep, dials and two stages."""
    eager, taped = toy(Eventful, kept=60), toy(Eventful, kept=60)
    expected = rows(eager, 60)
    fake = captured(taped, monkeypatch)
    assert rows(taped, 60) == expected
    assert fake.captures >= 4  # with and without the upkeep, in both stages
    for key, value in eager.state().items():
        assert torch.equal(taped.state()[key], value), key


class EveryThird(Toy):
    """Two plans: at every third iteration D moves twice."""

    def phases(self) -> list[Phase]:
        g, _ = super().phases()
        return [g, Phase("d", "d", self.d_loss, repeat=lambda i: 2 if i % 3 == 0 else 1)]

    def d_loss(self, batch: Batch) -> Tensor:
        if "fake" not in batch.shared:
            batch.shared["fake"] = self(self.sample_latent(len(batch))).detach()
        return super().d_loss(batch)


def toy(cls: type[Toy], kept: int = 20) -> Engine:
    data = points()
    torch.manual_seed(0)
    variant = cls(ToyConfig(ema=0.9), data.spec)
    feed = make_feed(data, 4, device=torch.device("cpu"), seed=0)
    return Engine(variant, feed, 100, Execution(kept=kept))


def test_each_plan_is_captured_once_after_three_real_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, taped = rows(toy(EveryThird), 16), toy(EveryThird)
    fake = captured(taped, monkeypatch)
    torch.manual_seed(1)
    counts, found = [], []
    for _ in range(16):
        found.append(taped.step())
        counts.append(fake.captures)
    assert [{k: float(v) for k, v in row.items()} for row in found] == expected
    assert counts == [*[0] * 5, *[1] * 4, *[2] * 7]  # iterations 1, 2, 4 and 0, 3, 6 come first


def test_metrics_are_kept_as_long_as_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, taped = rows(toy(Toy), 12), toy(Toy, kept=4)
    captured(taped, monkeypatch)
    torch.manual_seed(1)
    for start in range(0, 12, 4):
        pending = [taped.step() for _ in range(4)]
        found = [{name: float(value) for name, value in row.items()} for row in pending]
        assert found == expected[start : start + 4]


def test_what_the_host_counts_is_not_captured_but_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counts(Toy):
        calls = 0

        def d_loss(self, batch: Batch) -> Tensor:
            self.calls += 1
            return super().d_loss(batch) * (1 + 0.1 * self.calls)

    expected, taped = rows(toy(Counts), 6), toy(Counts)
    fake = captured(taped, monkeypatch)
    messages: list[str] = []
    taped._run._report = messages.append
    assert rows(taped, 6) == expected
    assert fake.captures == 0
    (message,) = messages
    assert message.startswith("not captured as a CUDA graph, and slower: phase 'd': test_graph.py:")
