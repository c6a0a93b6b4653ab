"""Captures that fail, under a stand-in that leaves behind what torch 2.11 leaves behind."""

import gc
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers.engine.tapes import Tape
from helpers.games import Toy, ToyConfig, points
from torch import Tensor

from ganzoo import Batch
from ganzoo.data.feed import Feed, make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes import graph, recording
from ganzoo.engine.modes.execution import Execution, make_watching
from ganzoo.engine.modes.graph import Graphs

CPU = torch.device("cpu")


class Torch211:
    """`torch` with one generator, one allocator and streams, of which failed captures end none.

    A capture in which Python fails, and nothing of CUDA's (by what is said), ends as if whole.
    """

    def __init__(self) -> None:
        self.cuda, self._C = self, self
        self.stream_now = self.default = SimpleNamespace(wait_stream=lambda other: None)
        self.capturing = False
        self.generator_captured = False
        self.recorded_to: list[int] = []
        self.uses = Counter[int]()
        self.graphs: list[Graph] = []
        self.pools = self.captures = 0
        self.collecting: list[bool] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)

    def CUDAGraph(self) -> "Graph":
        self.graphs.append(Graph(self))
        return self.graphs[-1]

    def Stream(self, _: Any) -> Any:
        return SimpleNamespace(wait_stream=lambda other: None, device_index=0)

    def current_stream(self, _: Any) -> Any:
        return self.stream_now

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        before, self.stream_now = self.stream_now, stream
        try:
            yield
        finally:
            self.stream_now = before

    def synchronize(self, _: Any) -> None:
        assert not self.capturing

    def graph_pool_handle(self) -> int:
        self.pools += 1
        return self.pools

    @contextmanager
    def graph(self, tape: "Graph", pool: int, stream: Any, **_: Any) -> Iterator[None]:
        assert pool not in self.recorded_to, "already recording to mempool_id"
        self.uses[pool] += 1
        self.recorded_to.append(pool)
        self.stream_now, before = stream, self.stream_now
        self.collecting.append(gc.isenabled())
        self.capturing = self.generator_captured = True
        random = torch.get_rng_state()
        try:
            with tape:
                yield
        except Exception as error:
            if "CUDA error" in str(error):
                raise RuntimeError("CUDA error: operation failed due to a previous error") from None
            self._end(tape, pool, before)
            raise
        else:
            self._end(tape, pool, before)
        finally:
            self.capturing = False
            tape.take_back()
            torch.set_rng_state(random)

    def _end(self, tape: "Graph", pool: int, before: Any) -> None:
        self.generator_captured = False
        self.recorded_to.remove(pool)
        self.stream_now = before
        self.captures += 1
        tape.pool = pool

    def _cuda_endAllocateToPool(self, device: int, pool: int) -> None:
        if pool not in self.recorded_to:
            raise RuntimeError("endAllocatePool: not currently recording to mempool_id")
        self.recorded_to.remove(pool)

    def _cuda_releasePool(self, device: int, pool: int) -> None:
        assert self.uses[pool] > 0
        self.uses[pool] -= 1


class Graph(Tape):
    """Has a part in its memory from its end on until it is reset."""

    def __init__(self, torch_211: Torch211) -> None:
        super().__init__()
        self._torch = torch_211
        self.pool: int | None = None

    def reset(self) -> None:
        super().reset()
        if self.pool is not None:
            self._torch._cuda_releasePool(0, self.pool)
        self.pool = None


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Torch211:
    made = Torch211()
    monkeypatch.setattr(graph, "torch", made)
    monkeypatch.setattr(recording, "torch", made)
    monkeypatch.setattr(Feed, "_capturing", lambda feed: made.capturing)
    return made


class Draws(Toy):
    """Draws only where the generator lets it."""

    fake: Torch211

    def sample_latent(self, n: int) -> Tensor:
        assert self.fake.capturing == self.fake.generator_captured, "the generator is captured"
        return super().sample_latent(n)


class Uncapturable(Draws):
    def d_loss(self, batch: Batch) -> Tensor:
        if self.fake.capturing:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")
        return super().d_loss(batch)


def engine_of(cls: type[Draws], fake: Torch211, messages: list[str]) -> Engine:
    data = points()
    torch.manual_seed(0)
    variant = cls(ToyConfig(), data.spec)
    variant.fake = fake
    feed = make_feed(data, 4, device=CPU, seed=0)
    engine = Engine(variant, feed, 100, Execution(kept=9))
    watching = make_watching(engine.execution, take_gradients, variant)
    engine._run = Graphs(engine._play, take_gradients, watching, CPU, 9, messages.append)
    return engine


def rows(engine: Engine) -> list[dict[str, float]]:
    torch.manual_seed(1)
    pending = [engine.step() for _ in range(9)]
    return [{name: float(value) for name, value in row.items()} for row in pending]


def test_a_capture_that_fails_is_explained_and_the_training_goes_on(fake: Torch211) -> None:
    messages: list[str] = []
    expected = rows(engine_of(Draws, fake, messages))
    assert messages == []
    assert rows(engine_of(Uncapturable, fake, messages)) == expected
    (message,) = messages
    assert "test_recording.py:" in message
    assert message.endswith(": CUDA error: operation not permitted when stream is capturing")


def test_a_capture_that_fails_leaves_nothing_behind(fake: Torch211) -> None:
    made = recording.Recording(CPU)

    def fail() -> None:
        raise RuntimeError("CUDA error: broken")

    with pytest.raises(recording.Unrecordable, match="broken"):
        made.graph_of(fail)
    assert fake.stream_now is fake.default
    assert not fake.generator_captured
    assert fake.recorded_to == []
    assert not fake.uses[1]
    made.graph_of(lambda: None)
    assert fake.captures == 2  # the one that ended the generator's part was the other


@pytest.mark.parametrize("said", ["CUDA error: broken", "broken"])
def test_a_capture_that_fails_gives_up_its_part_of_the_memory_and_no_more(
    fake: Torch211, said: str
) -> None:
    made = recording.Recording(CPU)

    def fail() -> None:
        torch.ones(1).add_(1)
        raise RuntimeError(said)

    made.graph_of(lambda: None)
    with pytest.raises(recording.Unrecordable, match="broken"):
        made.graph_of(fail)
    assert fake.uses[1] == 1  # the first graph's
    _, failed, _ = fake.graphs
    assert failed.pool is None
    assert fake.recorded_to == []


@pytest.mark.parametrize("said", ["CUDA error: broken", "broken"])
def test_a_capture_that_fails_keeps_nothing_of_what_it_was_in(fake: Torch211, said: str) -> None:
    class Something:
        pass

    made, seen = recording.Recording(CPU), list[weakref.ref[Something]]()

    def fail() -> None:
        something = Something()
        seen.append(weakref.ref(something))
        raise RuntimeError(said)

    gc.disable()
    try:
        with suppress(recording.Unrecordable):
            made.graph_of(fail)
        assert seen[0]() is None
    finally:
        gc.enable()


def test_no_garbage_is_collected_during_a_capture(fake: Torch211) -> None:
    made = recording.Recording(CPU)
    made.graph_of(lambda: None)
    with pytest.raises(recording.Unrecordable):
        made.graph_of(lambda: [][0])
    assert fake.collecting == [False] * 3
    assert gc.isenabled()
    gc.disable()
    try:
        made.graph_of(lambda: None)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_graphs_share_their_memory(fake: Torch211, monkeypatch: pytest.MonkeyPatch) -> None:
    made, pools = recording.Recording(CPU), list[int]()
    graph_with = fake.graph

    def seen(tape: Tape, pool: int, **rest: Any) -> Any:
        pools.append(pool)
        return graph_with(tape, pool, **rest)

    monkeypatch.setattr(fake, "graph", seen)
    for _ in range(3):
        made.graph_of(lambda: None)
    assert pools == [1, 1, 1]
