"""How numbers are computed on CUDA; its switches can be looked at without one."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from helpers.games import Toy, ToyConfig, points
from helpers.zoo import NAMES, make_small
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo import Batch, convnets
from ganzoo.bench.speed.ours import prepare_process, time_phases
from ganzoo.data.feed import make_feed
from ganzoo.engine.arithmetic import arithmetic, compute_exactly
from ganzoo.engine.device import find_device, pick_device
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.modes.capture import CaptureCheck
from ganzoo.plugins.registry import registry

CUDA = torch.device("cuda")


def rounds() -> tuple[bool, bool]:
    """Whether products and convolutions on CUDA are in TF32."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


@pytest.fixture(autouse=True)
def as_torch_has_it(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before, exact = rounds(), torch.get_deterministic_debug_mode()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    for name in ("CUBLAS_WORKSPACE_CONFIG", "TORCHINDUCTOR_DETERMINISTIC"):
        monkeypatch.setenv(name, "")  # to be put back to what it was
        monkeypatch.delenv(name)
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = False, True
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
    torch.set_deterministic_debug_mode(exact)
    torch.utils.deterministic.fill_uninitialized_memory = filled


def test_whoever_picks_a_device_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """As all commands do, while torch would round the operands of convolutions."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("cuda") == CUDA
    assert rounds() == (False, True)
    assert pick_device("auto") == CUDA
    assert rounds() == (False, False)


def test_whoever_picks_a_gpu_has_it_compute_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    find_device("cuda")
    pick_device("cpu")
    assert not torch.are_deterministic_algorithms_enabled()
    pick_device("cuda")
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory
    assert not torch.backends.cudnn.benchmark  # which chooses by time
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert os.environ["TORCHINDUCTOR_DETERMINISTIC"] == "1"


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
    compute_exactly(CUDA)
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


class Calls(TorchDispatchMode):
    """Takes down the names of all operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


IN_ANY_ORDER = {
    *(f"reflection_pad{n}d_backward" for n in (1, 2, 3)),
    *(f"upsample_{way}_backward" for way in ("linear1d", "bilinear2d", "bicubic2d", "trilinear3d")),
    *(f"_upsample_{way}_aa_backward" for way in ("bilinear2d", "bicubic2d")),
    *("avg_pool3d_backward", "_adaptive_avg_pool2d_backward", "_adaptive_avg_pool3d_backward"),
    *("adaptive_max_pool2d_backward", "fractional_max_pool2d_backward"),
    *("fractional_max_pool3d_backward", "max_unpool2d", "max_unpool3d"),
    *("max_pool2d_with_indices_backward", "nll_loss2d_forward", "_ctc_loss_backward"),
    *("_embedding_bag_dense_backward", "put_", "histc", "bincount", "median", "kthvalue"),
    *("grid_sampler_2d_backward", "grid_sampler_3d_backward", "scatter_reduce"),
}
"""What torch has in no deterministic form on CUDA, by its own list, as ATen's operations."""


PARTS = [
    *(("augment", row.spec.name) for row in registry().augmentations()),
    *(("regulariser", row.spec.name) for row in registry().regularisers()),
]


@pytest.mark.parametrize("settings", [{kind: name} for kind, name in PARTS])
def test_no_part_forbids_that_an_iteration_is_captured(settings: dict[str, str]) -> None:
    engine, check = make_small("dcgan", **settings), CaptureCheck()
    for _ in range(2):
        check.begin()
        engine.iteration = 101
        engine.play_with(check.watching(take_gradients))
        engine.step()
    assert check.obstacle() is None


@pytest.mark.parametrize(
    ("name", "settings"),
    [*((name, {}) for name in NAMES), *(("dcgan", {kind: part}) for kind, part in PARTS)],
)
def test_no_iteration_of_the_zoo_needs_what_cuda_adds_up_in_any_order(
    name: str, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convnets, "_adds_up_in_any_order", lambda image: True)
    engine = make_small(name, **settings)
    with Calls() as calls:
        engine.step()
    assert len(calls.names) > 10
    assert not calls.names & IN_ANY_ORDER


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
def test_an_iteration_on_a_gpu_is_the_same_each_time(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    device, states = pick_device("cuda"), []
    for _ in range(2):
        engine = make_small(name, device=device, batch_size=32)
        torch.manual_seed(1)
        for _ in range(5):
            engine.step()
        states.append({key: value.clone() for key, value in engine.state().items()})
    for key, value in states[0].items():
        assert torch.equal(states[1][key], value), key
    assert not [one for one in recwarn if "deterministic" in str(one.message)]


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
