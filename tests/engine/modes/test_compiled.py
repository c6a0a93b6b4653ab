"""Compiled code is the same game: gradients, metrics and buffers, of each variant."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
import torch
from helpers.engine.engines import make_engine
from helpers.games import Eventful, Toy
from helpers.zoo import OBJECTIVES, make_small
from torch import Tensor, nn

from ganzoo import Batch, Phase
from ganzoo.bench.speed.setting import due
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes.compiled import CompiledGradients
from ganzoo.engine.modes.execution import Execution


class Both:
    """Computes gradients eagerly and by compiled code, from the same state, and compares them."""

    def __init__(self, engine: Engine) -> None:
        self.messages: list[str] = []
        self.compared: set[str] = set()
        self._compiled = CompiledGradients(self.messages.append)
        self._buffers = dict(engine.variant.named_buffers())

    def __call__(
        self, phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        before = {name: value.clone() for name, value in self._buffers.items()}
        random = torch.get_rng_state()
        eager = Batch(batch.data, dict(batch.shared), dict(batch.metrics))
        loss, grads = take_gradients(phase, params, eager)
        after = {name: value.clone() for name, value in self._buffers.items()}
        drawn = torch.get_rng_state()
        for name, value in before.items():
            self._buffers[name].copy_(value)
        torch.set_rng_state(random)
        other_loss, other_grads = self._compiled(phase, params, batch)
        assert torch.equal(torch.get_rng_state(), drawn)
        torch.testing.assert_close(other_loss, loss, rtol=1e-4, atol=1e-5)
        scale = max(grad.abs().max() for grad in grads if grad is not None)
        for grad, other in zip(grads, other_grads, strict=True):
            assert (grad is None) == (other is None)
            if grad is not None:
                torch.testing.assert_close(other, grad, rtol=1e-3, atol=1e-4 * float(scale))
        for name, value in after.items():
            torch.testing.assert_close(self._buffers[name], value, rtol=1e-4, atol=1e-5)
        assert batch.metrics.keys() == eager.metrics.keys()
        for name, value in eager.metrics.items():
            torch.testing.assert_close(batch.metrics[name], value, rtol=1e-4, atol=1e-5)
        assert batch.shared.keys() == eager.shared.keys()
        self.compared.add(phase.name)
        return loss, grads


@pytest.fixture(scope="module")
def compiler() -> None:
    """Torch's, which needs a C++ compiler, Python's headers and a cache without a space in it."""
    try:
        torch.compile(lambda x: 2 * x + 1)(torch.ones(3))
    except Exception as error:  # a class of its own for each thing that is missing
        pytest.skip(f"torch compiles nothing on this machine: {str(error).splitlines()[0]}")


@pytest.mark.usefixtures("compiler")
def test_compiled_gradients_are_the_eager_ones() -> None:
    """With convolutions and of second order.

    Of the others what is traced is looked at, as writing the code of one takes up to a minute.
    """
    compare_compiled("wgan-gp", {})


@pytest.mark.parametrize(("name", "settings"), OBJECTIVES)
def test_traced_gradients_are_the_eager_ones(
    name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a variant decides, without the code that torch writes of it, which takes minutes."""
    traced = partial(torch.compile, backend="aot_eager")
    monkeypatch.setattr(torch, "compile", lambda code, options, **how: traced(code, **how))
    compare_compiled(name, settings)


def compare_compiled(name: str, settings: dict[str, Any]) -> None:
    """Play some iterations in which each phase is due, both ways."""
    engine = make_small(name, **settings)
    engine.iteration = 111  # sgan's baseline is due at every fourth, stylegan2's R1 at every 16th
    both = Both(engine)
    engine.play_with(both)
    for _ in range(4):
        engine.step()
    phases = [*engine.phases.values()]
    iterations = range(111, 115)
    played = {phase.name for one in iterations for phase, repeat in due(phases, one) if repeat}
    assert both.compared == played  # all of them, or those of its stage
    assert both.messages == []


def step_alike(eager: Engine, fast: Engine) -> None:
    """See both make the same three iterations of the same seeds."""
    for _ in range(3):
        torch.manual_seed(eager.iteration)
        expected = eager.step()
        torch.manual_seed(fast.iteration)
        metrics = fast.step()
        assert metrics.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(metrics[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("compiler")
def test_a_compiled_run_is_the_eager_run() -> None:
    """By the mode, end to end: the weights after three iterations, dropout and noise included."""
    eager, fast = make_small("vanilla"), make_small("vanilla", Execution("compile"))
    step_alike(eager, fast)


class Uncompilable(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        torch._dynamo.graph_break()
        return super().d_loss(batch)


def test_an_eventful_game_is_compiled_for_each_of_its_stages() -> None:
    """Gates, steps at once, own batches, and how often each gradient counts."""

    class Shorter(Eventful):
        def phases(self) -> list[Phase]:
            return super().phases()[:2]

    eager, fast = make_engine(Shorter), make_engine(Shorter, Execution("compile"))
    for engine in (eager, fast):
        engine.feed.drawn = 17  # of 20 batches in the first stage
    step_alike(eager, fast)
    assert eager.make_plan().stage.level == 1


@pytest.mark.usefixtures("compiler")
def test_what_cannot_be_compiled_runs_as_it_is_and_says_so() -> None:
    messages: list[str] = []
    fast, eager = (
        make_engine(Uncompilable, Execution("compile"), report=messages.append),
        make_engine(Toy),
    )
    torch.manual_seed(1)
    expected = [eager.step() for _ in range(3)]
    torch.manual_seed(1)
    found = [fast.step() for _ in range(3)]
    for row, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, row)
    (message,) = messages
    assert message.startswith("phase 'd' cannot be compiled and runs as it is")


@pytest.mark.parametrize("times", [1, 2])
def test_a_compiler_that_fails_is_started_once_more(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """As a signal for all processes of a job ends it, and the training saves first."""
    from torch._dynamo.exc import BackendCompilerFailed

    calls: list[object] = []

    def compile_(function: Callable[..., object], **options: object) -> Callable[..., object]:
        def call(*args: object) -> object:
            calls.append(args)
            if len(calls) <= times:
                raise BackendCompilerFailed(function, OSError("it has died"), None)
            return function(*args)

        return call

    monkeypatch.setattr(torch, "compile", compile_)
    messages: list[str] = []
    make_engine(Toy, Execution("compile"), report=messages.append).step()
    assert ["it has died" in message for message in messages] == [True] * (times - 1)
