"""Captured iterations, with a tape in the place of a CUDA graph where there is no CUDA device.

What a real graph adds, `test_modes.py` tests on a GPU.
"""

import weakref
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from helpers.engine.tapes import FakeCuda, Recorder, Tape, TapingTorch
from helpers.games import Eventful, Toy, ToyConfig, points
from helpers.zoo import NAMES, make_small
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from ganzoo import Batch, Phase
from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes import graph, recording
from ganzoo.engine.modes.execution import Execution, make_watching
from ganzoo.engine.modes.graph import Graphs

CPU = torch.device("cpu")
STILL = 10**12
"""Iterations of a training in which dials, numbers on a CPU that no tape follows, seem to rest."""
OBJECTIVES = [(name, {}) for name in NAMES] + [("sgan", {"objective": "odena"})]


def captured(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: type[Tape] | type[Recorder] = Tape
) -> FakeCuda:
    """Have the engine capture on tapes."""
    taping = TapingTorch(kind)
    monkeypatch.setattr(graph, "torch", taping)
    monkeypatch.setattr(recording, "torch", taping)
    watching = make_watching(engine.execution, take_gradients, engine.variant)
    kept = engine.execution.kept
    engine._run = Graphs(engine._play, take_gradients, watching, CPU, kept, print)
    return taping.cuda


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
    taped = make_small(name, Execution(kept=9), **settings)
    eager.iterations = taped.iterations = STILL
    expected = rows(eager, 9)
    fake = captured(taped, monkeypatch)
    assert rows(taped, 9) == expected
    assert fake.captures >= 1
    for key, value in eager.state().items():
        assert torch.equal(taped.state()[key], value), key


@pytest.mark.parametrize(("name", "settings"), OBJECTIVES)
def test_what_a_launch_reads_or_writes_is_kept_alive(
    name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph holds addresses: memory that dies before a launch is somebody else's by then."""
    engine = make_small(name, Execution(kept=9), **settings)
    fake = captured(engine, monkeypatch, Recorder)
    rows(engine, 9)
    assert fake.captures >= 1


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


def test_a_closed_engine_has_no_graphs_and_can_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have captured NCCL would have the end of its processes wait for good."""
    eager, taped = toy(EveryThird), toy(EveryThird)
    expected = rows(eager, 24)
    resets: list[Tape] = []
    reset = Tape.reset
    monkeypatch.setattr(Tape, "reset", lambda tape: (resets.append(tape), reset(tape)))
    fake = captured(taped, monkeypatch)
    torch.manual_seed(1)
    found = [taped.step() for _ in range(14)]
    captures = fake.captures
    assert captures == 2
    taped.close()
    assert len(resets) == captures
    found += [taped.step() for _ in range(10)]
    assert [{name: float(value) for name, value in row.items()} for row in found] == expected
    assert fake.captures > captures


def test_an_engine_can_be_closed_after_an_error_of_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which every later call raises again, over the one that says where it happened."""
    engine = toy(Toy)
    fake = captured(engine, monkeypatch)
    rows(engine, 6)

    def refuse(*_: Any) -> Any:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(fake, "Stream", refuse)
    monkeypatch.setattr(fake, "graph_pool_handle", refuse)
    monkeypatch.setattr(Tape, "reset", refuse)
    graphs = [weakref.ref(captured.graph) for captured in engine._run._captured.values()]
    engine.close()
    assert not engine._run._captured
    assert all(graph() for graph in graphs), "torch would end the process when one is dropped"


def compiled_otherwise(
    phase: Phase, params: Sequence[nn.Parameter], batch: Batch
) -> tuple[Tensor, list[Tensor | None]]:
    """As compiled code: gradients with other last bits, and nothing that can be watched."""
    with _disable_current_modes():
        loss, grads = take_gradients(phase, params, batch)
        return loss, [None if grad is None else grad * 1.001 for grad in grads]


@pytest.mark.parametrize("name", ["cyclegan", "dcgan", "sgan"])
def test_a_watched_iteration_has_the_bits_of_compiled_code(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a run that is resumed, and watched again, goes on as the one that was captured."""
    compiled, taped = make_small(name), make_small(name, Execution(kept=9, compiled_graph=True))
    compiled.play_with(compiled_otherwise)
    expected = rows(compiled, 9)
    captured(taped, monkeypatch)
    watching = make_watching(taped.execution, compiled_otherwise, taped.variant)
    messages: list[str] = []
    taped._run = Graphs(taped._play, compiled_otherwise, watching, CPU, 9, messages.append)
    found = rows(taped, 3)
    assert found == expected[:3]
    assert taped.variant.training
    checks = taped._run._checks.values()
    assert all(len(seen.operations) > 10 for c in checks for seen in c._runs[0].values())
