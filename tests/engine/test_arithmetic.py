"""How numbers are computed on CUDA; its switches can be looked at without one."""

from collections.abc import Iterator

import pytest
import torch
from helpers.games import Toy, ToyConfig, points
from torch import Tensor

from ganzoo import Batch
from ganzoo.bench.speed.ours import prepare_process, time_phases
from ganzoo.data.feed import make_feed
from ganzoo.engine.arithmetic import arithmetic, compute_in_float32
from ganzoo.engine.device import find_device, pick_device
from ganzoo.engine.engine import Engine

CUDA = torch.device("cuda")


def rounds() -> tuple[bool, bool]:
    """Whether products and convolutions on CUDA are in TF32."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


@pytest.fixture(autouse=True)
def as_torch_has_it() -> Iterator[None]:
    before = rounds()
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = False, True
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def test_whoever_picks_a_device_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """As all commands do, while torch would round the operands of convolutions."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("cuda") == CUDA
    assert rounds() == (False, True)
    assert pick_device("auto") == CUDA
    assert rounds() == (False, False)


class Watched(Toy):
    """Notes how its losses are computed."""

    seen: tuple[bool, bool]

    def d_loss(self, batch: Batch) -> Tensor:
        self.seen = rounds()
        return super().d_loss(batch)


@pytest.mark.parametrize(
    ("precision", "training"),
    [("fp32", (False, False)), ("tf32", (True, True)), ("bf16", (False, False))],
)
def test_only_iterations_are_in_the_precision_of_the_run(
    precision: str, training: tuple[bool, bool]
) -> None:
    """What is drawn and evaluated in between, and by other commands, is not."""
    compute_in_float32(CUDA)
    data = points()
    variant = Watched(ToyConfig(), data.spec)
    engine = Engine(variant, make_feed(data, 4, device=torch.device("cpu"), seed=0), 100)
    engine.arithmetic = arithmetic(precision, CUDA)
    engine.step()
    assert variant.seen == training
    with engine.averaged():
        assert rounds() == (False, False)
    del variant.seen
    time_phases(engine, 1)
    assert variant.seen == training
    assert rounds() == (False, False)


def test_an_engine_is_timed_as_it_trains_and_a_loop_by_hand_by_the_defaults_of_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variant = Toy(ToyConfig(), points().spec)
    monkeypatch.setattr(Toy, "device", CUDA)
    prepare_process(variant)
    assert rounds() == (False, False)


@pytest.mark.gpu
def test_convolutions_on_a_gpu_are_those_of_float32() -> None:
    device = pick_device("cuda")
    image, filters = torch.randn(8, 64, 16, 16), torch.randn(64, 64, 3, 3)
    exact = torch.conv2d(image.double(), filters.double())

    def error() -> float:
        found = torch.conv2d(image.to(device), filters.to(device)).cpu().double()
        return float((found - exact).norm() / exact.norm())

    assert error() < 1e-5
    with arithmetic("tf32", device)():
        assert error() > 1e-5
    assert error() < 1e-5
