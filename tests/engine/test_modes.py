"""Every way of running an iteration is the same game."""

import _thread
import inspect
import operator
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from helpers.games import Eventful, Toy, ToyConfig, points
from helpers.zoo import NAMES, make_small
from torch import Tensor, nn
from torch.nn.modules import _functions as sync_batch_norm

from ganzoo import Batch, GanzooError, Phase, Progress
from ganzoo.data.feed import make_feed
from ganzoo.engine.device import pick_device
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes import compiled, execution
from ganzoo.engine.modes.capture import BACKWARD_PASS, CaptureCheck, Watch, Watched
from ganzoo.engine.modes.compiled import CompiledGradients
from ganzoo.engine.modes.execution import Execution, choose_mode

CPU = torch.device("cpu")
COMPILED = [("vanilla", {}), ("cgan", {}), ("wgan-gp", {}), ("cyclegan", {})]
"""Without and with convolutions and labels, of second order, and of several networks."""
OBJECTIVES = [(name, {}) for name in NAMES] + [("sgan", {"objective": "odena"})]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))


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
@pytest.mark.parametrize(("name", "settings"), COMPILED)
def test_compiled_gradients_are_the_eager_ones(name: str, settings: dict[str, Any]) -> None:
    compare_compiled(name, settings)


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
    assert both.compared == engine.phases.keys()
    assert both.messages == []


@pytest.mark.usefixtures("compiler")
def test_a_compiled_run_is_the_eager_run() -> None:
    """By the mode, end to end: the weights after three iterations, dropout and noise included."""
    eager, fast = make_small("vanilla"), make_small("vanilla", Execution("compile"))
    for _ in range(3):
        torch.manual_seed(eager.iteration)
        expected = eager.step()
        torch.manual_seed(fast.iteration)
        metrics = fast.step()
        assert metrics.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(metrics[name], value, rtol=1e-3, atol=1e-4)


class Uncompilable(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        torch._dynamo.graph_break()
        return super().d_loss(batch)


def toy_engine(
    cls: type[Toy], execution: Execution | None = None, report: Callable[[str], None] = print
) -> Engine:
    data = points()
    torch.manual_seed(0)
    variant = cls(ToyConfig(), data.spec)
    return Engine(
        variant, make_feed(data, 4, device=CPU, seed=0), 100, execution or Execution(), report
    )


def test_an_eventful_game_is_compiled_for_each_of_its_stages() -> None:
    """Gates, steps at once, own batches, and how often each gradient counts."""

    class Shorter(Eventful):
        def phases(self) -> list[Phase]:
            return super().phases()[:2]

    eager, fast = toy_engine(Shorter), toy_engine(Shorter, Execution("compile"))
    for engine in (eager, fast):
        engine.feed.drawn = 17  # of 20 batches in the first stage
    for _ in range(3):
        torch.manual_seed(eager.iteration)
        expected = eager.step()
        torch.manual_seed(fast.iteration)
        metrics = fast.step()
        assert metrics.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(metrics[name], value, rtol=1e-3, atol=1e-4)
    assert eager.make_plan().stage.level == 1


@pytest.mark.usefixtures("compiler")
def test_what_cannot_be_compiled_runs_as_it_is_and_says_so() -> None:
    messages: list[str] = []
    fast, eager = toy_engine(Uncompilable, Execution("compile"), messages.append), toy_engine(Toy)
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
    toy_engine(Toy, Execution("compile"), messages.append).step()
    assert ["it has died" in message for message in messages] == [True] * (times - 1)


def test_a_loss_that_is_wrong_is_the_users_to_hear_of_in_every_mode() -> None:
    class Several(Toy):
        def d_loss(self, batch: Batch) -> Tensor:
            return self.discriminator(batch.image)

    for mode in ("eager", "compile"):
        with pytest.raises(GanzooError, match=r"loss of phase 'd' must be a scalar, not \(4, 1\)"):
            toy_engine(Several, Execution(mode)).step()


def test_the_other_objective_could_be_captured_too() -> None:
    """By its default settings every variant can, as the conformance kit sees to."""
    engine = make_small("sgan", objective="odena")
    check = CaptureCheck()
    for _ in range(2):
        check.begin()
        engine.iteration = 101
        engine.play_with(check.watching(take_gradients))
        engine.step()
    assert check.complete
    assert check.obstacle() is None
    for seen in check._runs[0].values():
        assert len(seen.operations) > 10


class ReadsOnHost(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        return loss * min(1.0, loss.item())


class CountsOnHost(Toy):
    calls = 0

    def d_loss(self, batch: Batch) -> Tensor:
        self.calls += 1
        return super().d_loss(batch) * (1 + 0.1 * self.calls)


class Masks(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        real = self.discriminator(batch.image)
        return real[real > -100].mean()


class HostNumber(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(batch) * torch.tensor(0.5, device=self.device)


class HostNumberBroughtThere(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(batch) * torch.as_tensor(0.5).to(self.device)


class HostArray(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(batch) * torch.from_numpy(np.ones(4, np.float32)).mean()


class ListOfIndices(Toy):
    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(batch) + 0 * batch.image[[0, 1]].mean()


class OtherGradient(Toy):
    """Differs in what autograd calls, from no line of anybody's."""

    calls = 0

    def d_loss(self, batch: Batch) -> Tensor:
        self.calls += 1
        loss = super().d_loss(batch)
        if self.calls == 2:
            loss.register_hook(operator.neg)
        return loss


class Sometimes(Toy):
    calls = 0

    def g_loss(self, batch: Batch) -> Tensor:
        self.calls += 1
        loss = super().g_loss(batch)
        return loss + self.generator[0].weight.square().sum() if self.calls == 2 else loss


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (ReadsOnHost, r"phase 'd': test_modes.py:\d+: `.*loss.item\(\).*` reads a tensor"),
        (CountsOnHost, r"phase 'd': test_modes.py:\d+: `.*self.calls.*` is not the same at every"),
        (Masks, r"phase 'd': test_modes.py:\d+: `.*real > -100.*` indexes by a mask"),
        (HostNumber, r"phase 'd': test_modes.py:\d+: `.*torch.tensor.*` copies numbers from"),
        (HostNumberBroughtThere, r"phase 'd': test_modes.py:\d+: `.*as_tensor.*` copies numbers"),
        (HostArray, r"phase 'd': test_modes.py:\d+: `.*from_numpy.*` copies numbers from the h"),
        (ListOfIndices, r"phase 'd': test_modes.py:\d+: `.*\[\[0, 1\]\].*` copies numbers from"),
        (OtherGradient, r"phase 'd': the backward pass is not the same at every iteration"),
        (Sometimes, r"phase 'g': test_modes.py:\d+: `.*square.*` "),
    ],
)
def test_the_line_that_forbids_capture_is_named(cls: type[Toy], sentence: str) -> None:
    engine = toy_engine(cls)
    check = CaptureCheck()
    for _ in range(2):
        check.begin()
        engine.play_with(check.watching(take_gradients))
        engine.step()
    obstacle = check.obstacle()
    assert obstacle is not None
    assert re.match(sentence, obstacle), obstacle


def test_what_may_be_captured_is_no_obstacle() -> None:
    """A number on the CPU is an argument like any other, until it is brought to the device."""

    class Numbers(Toy):
        def d_loss(self, batch: Batch) -> Tensor:
            return super().d_loss(batch) * torch.tensor(0.5) + torch.full((), 1.0).to(self.device)

    engine, check = toy_engine(Numbers), CaptureCheck()
    for _ in range(2):
        check.begin()
        engine.play_with(check.watching(take_gradients))
        engine.step()
    assert check.obstacle() is None


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (lambda there, here: there.copy_(here), "copies numbers from the host"),
        (lambda there, here: here.to(there.device), "copies numbers from the host"),
        (lambda there, here: there[torch.zeros(2, dtype=torch.int64)], "copies numbers from the"),
        (lambda there, here: there.add_(1), None),
        (lambda there, here: here.copy_(here.clone()), None),
    ],
)
def test_copies_between_devices_are_seen(
    work: Callable[[Tensor, Tensor], Tensor], reason: str | None
) -> None:
    there, here, check = torch.ones(2, device="meta"), torch.ones(2), CaptureCheck()
    for _ in range(2):
        check.begin()
        with check.watch("d"):
            work(there, here)
    obstacle = check.obstacle()
    assert obstacle is None if reason is None else reason in str(obstacle)


def test_synchronised_batch_norm_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """It indexes by a mask where it is not captured, and not where it is."""
    alone = SimpleNamespace(_get_backend_name=lambda: "gloo")

    def gather(received: list[Tensor], own: Tensor, *_: Any, **__: Any) -> None:
        received[0].copy_(own)

    def statistics(x: Tensor, _: float) -> tuple[Tensor, Tensor]:
        return x.mean((0, 2, 3)), x.var((0, 2, 3)) ** -0.5

    def means(x: Tensor, mean: Tensor, scale: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
        return mean.mean(0), scale.mean(0)

    monkeypatch.setattr(sync_batch_norm.dist, "all_gather", gather)
    monkeypatch.setattr(torch, "batch_norm_stats", statistics)
    monkeypatch.setattr(torch, "batch_norm_gather_stats_with_counts", means)
    monkeypatch.setattr(torch, "batch_norm_elemt", lambda x, *_: x * 1)
    layer, x, check = sync_batch_norm.SyncBatchNorm, torch.randn(2, 3, 4, 4), CaptureCheck()
    for _ in range(2):
        check.begin()
        with check.watch("d"):
            layer.apply(x, None, None, torch.zeros(3), torch.ones(3), 1e-5, 0.1, alone, 1)
    assert any("aten::index" in seen.name for seen in check._runs[0]["d"].operations)
    assert check.obstacle() is None


def test_watching_changes_nothing() -> None:
    plain, seen = toy_engine(Toy), toy_engine(Toy)
    check = CaptureCheck()
    check.begin()
    seen.play_with(check.watching(take_gradients))
    for engine in (plain, seen):
        torch.manual_seed(1)
        engine.step()
    for one, other in zip(plain.variant.parameters(), seen.variant.parameters(), strict=True):
        assert torch.equal(one, other)


def test_auto_compiles_where_the_steps_repay_it(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = toy_engine(Toy).variant
    monkeypatch.setattr(execution, "has_compiler", lambda: True)
    mode, because = choose_mode("auto", CPU, toy, 5000, "key")
    assert (mode, because) == ("eager", "5000 steps do not repay half a minute of compiling")
    assert choose_mode("auto", CPU, toy, execution.COLD_BREAK_EVEN, "key")[0] == "compile"
    compiled.remember_compiled("key")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(compiled._marker("key").parent))
    assert choose_mode("auto", CPU, toy, 5000, "key")[0] == "compile"
    assert choose_mode("auto", CPU, toy, 1000, "key")[0] == "eager"
    assert choose_mode("auto", CPU, toy, 5000, "another network")[0] == "eager"
    monkeypatch.setattr(execution, "has_compiler", lambda: False)
    assert choose_mode("auto", CPU, toy, 10**6, "key")[0] == "eager"
    with pytest.raises(GanzooError, match="needs a C\\+\\+ compiler"):
        choose_mode("compile", CPU, toy, 10, "key")


def test_what_a_cpu_has_not_is_refused() -> None:
    toy = toy_engine(Toy).variant
    with pytest.raises(GanzooError, match="--mode graph captures CUDA graphs, and the device is c"):
        choose_mode("graph", CPU, toy, 100, "key")
    with pytest.raises(GanzooError, match="tf32 is arithmetic of CUDA devices: use fp32 or bf16"):
        toy_engine(Toy, Execution(precision="tf32"))


class Noiseless(Toy):
    """Without BatchNorm, and with latents that come with the data: a batch is its parts."""

    def __init__(self, config: ToyConfig, data: Any) -> None:
        super().__init__(config, data)
        self.generator = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))

    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(batch.image.flip(1))
        batch.shared["fake"] = fake.detach()
        return nn.functional.softplus(-self.discriminator(fake)).mean()


def test_accumulated_micro_batches_are_the_batch() -> None:
    whole, parts = toy_engine(Noiseless), toy_engine(Noiseless, Execution(accumulate=2))
    for _ in range(5):
        expected, found = whole.step(), parts.step()
        torch.testing.assert_close(found, expected)
    for one, other in zip(whole.variant.parameters(), parts.variant.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    with pytest.raises(GanzooError, match="--batch-size 4 cannot be split into --accumulate 3"):
        toy_engine(Noiseless, Execution(accumulate=3))


@pytest.mark.parametrize("name", NAMES)
def test_bf16_is_of_the_networks_and_not_of_losses_or_weights(name: str) -> None:
    engine = make_small(name, Execution(precision="bf16"))
    metrics = engine.step()
    assert all(value.dtype == torch.float32 for value in metrics.values())
    assert all(torch.isfinite(value) for value in metrics.values())
    assert all(param.dtype == torch.float32 for param in engine.variant.parameters())
    exact = make_small(name)
    for key, value in exact.step().items():
        assert metrics[key] == pytest.approx(float(value), rel=0.3, abs=0.1)


def test_bf16_is_used_where_no_gradient_is_differentiated() -> None:
    seen: dict[str, torch.dtype] = {}

    class Watched(Toy):
        def phases(self) -> list[Phase]:
            g, d = super().phases()
            return [g, Phase(d.name, d.player, d.loss, second_order=True)]

        def g_loss(self, batch: Batch) -> Tensor:
            seen["g"] = self.generator[0](torch.ones(1, 3)).dtype
            return super().g_loss(batch)

        def d_loss(self, batch: Batch) -> Tensor:
            seen["d"] = self.generator[0](torch.ones(1, 3)).dtype
            seen["logits"] = self.discriminator(batch.image).dtype
            return super().d_loss(batch)

    toy_engine(Watched, Execution(precision="bf16")).step()
    assert seen == {"g": torch.bfloat16, "d": torch.float32, "logits": torch.float32}


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


def test_an_operation_that_is_all_a_thread_runs_is_of_the_backward_pass() -> None:
    """As those of autograd's threads on CUDA are: no line of Python's has called them."""
    seen, run = Watched(), threading.Event()
    operation = mock.Mock(side_effect=run.set)
    operation.name.return_value = "aten::ones"
    dispatch = inspect.unwrap(Watch.__torch_dispatch__)
    _thread.start_new_thread(dispatch, (Watch(seen), operation, ()))
    assert run.wait(60)
    assert [operation.where for operation in seen.operations] == [BACKWARD_PASS]
