"""Whether an iteration can be captured, and which line forbids it."""

import _thread
import inspect
import re
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from helpers.engine.engines import make_engine
from helpers.games import OtherGradient, Toy
from helpers.zoo import make_small
from torch import Tensor
from torch.nn.modules import _functions as sync_batch_norm

from ganzoo import Batch
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes.capture import BACKWARD_PASS, CaptureCheck, Watch, Watched


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


class Sometimes(Toy):
    calls = 0

    def g_loss(self, batch: Batch) -> Tensor:
        self.calls += 1
        loss = super().g_loss(batch)
        return loss + self.generator[0].weight.square().sum() if self.calls == 2 else loss


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (ReadsOnHost, r"phase 'd': test_capture.py:\d+: `.*loss.item\(\).*` reads a tensor"),
        (
            CountsOnHost,
            r"phase 'd': test_capture.py:\d+: `.*self.calls.*` is not the same at every",
        ),
        (Masks, r"phase 'd': test_capture.py:\d+: `.*real > -100.*` indexes by a mask"),
        (HostNumber, r"phase 'd': test_capture.py:\d+: `.*torch.tensor.*` copies numbers from"),
        (HostNumberBroughtThere, r"phase 'd': test_capture.py:\d+: `.*as_tensor.*` copies numbers"),
        (HostArray, r"phase 'd': test_capture.py:\d+: `.*from_numpy.*` copies numbers from the h"),
        (ListOfIndices, r"phase 'd': test_capture.py:\d+: `.*\[\[0, 1\]\].*` copies numbers from"),
        (OtherGradient, r"phase 'd': the backward pass is not the same at every iteration"),
        (Sometimes, r"phase 'g': test_capture.py:\d+: `.*square.*` "),
    ],
)
def test_the_line_that_forbids_capture_is_named(cls: type[Toy], sentence: str) -> None:
    engine = make_engine(cls)
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

    engine, check = make_engine(Numbers), CaptureCheck()
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
    plain, seen = make_engine(Toy), make_engine(Toy)
    check = CaptureCheck()
    check.begin()
    seen.play_with(check.watching(take_gradients))
    for engine in (plain, seen):
        torch.manual_seed(1)
        engine.step()
    for one, other in zip(plain.variant.parameters(), seen.variant.parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_operation_that_is_all_a_thread_runs_is_of_the_backward_pass() -> None:
    """As those of autograd's threads on CUDA are: no line of Python's has called them."""
    seen, run = Watched(), threading.Event()
    operation = mock.Mock(side_effect=run.set)
    operation.name.return_value = "aten::ones"
    dispatch = inspect.unwrap(Watch.__torch_dispatch__)
    _thread.start_new_thread(dispatch, (Watch(seen), operation, ()))
    assert run.wait(60)
    assert [operation.where for operation in seen.operations] == [BACKWARD_PASS]
