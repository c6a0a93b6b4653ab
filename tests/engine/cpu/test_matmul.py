import re
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from ganzoo.engine.cpu import matmul
from ganzoo.engine.cpu.matmul import LARGEST_ERROR, NATIVE, ONEDNN, choose_matmul, route_matmul
from ganzoo.errors import GanzooError

SETTING = torch.backends.mkldnn.matmul


@pytest.fixture(autouse=True)
def default_setting() -> Iterator[None]:
    before = SETTING.fp32_precision
    yield
    SETTING.fp32_precision = before


@pytest.fixture(autouse=True)
def slow_mkl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "mkl_is_slow", lambda: True)


def rounded(a: Tensor, b: Tensor) -> Tensor:
    """What "bf16" would be on hardware that takes it at its word."""
    if SETTING.fp32_precision == "bf16":
        a, b = a.bfloat16().float(), b.bfloat16().float()
    return (a.double() @ b.double()).float()


def accurate(a: Tensor, b: Tensor) -> Tensor:
    return (a.double() @ b.double()).float()


def test_onednn_is_chosen_where_mkl_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert route_matmul(product=accurate)[0] == ONEDNN
    assert SETTING.fp32_precision == "bf16"
    monkeypatch.setattr(matmul, "mkl_is_slow", lambda: False)
    assert route_matmul(product=accurate)[0] == NATIVE
    assert SETTING.fp32_precision == "ieee"


def test_products_rounded_to_bf16_are_refused() -> None:
    chosen, why = route_matmul(product=rounded)
    assert chosen == NATIVE
    assert re.search("relative error would be [23]e-03", why)
    assert SETTING.fp32_precision == "ieee"


def test_an_interrupted_probe_leaves_the_native_products() -> None:
    def interrupted(a: Tensor, b: Tensor) -> Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        route_matmul(product=interrupted)
    assert SETTING.fp32_precision == "ieee"


@pytest.mark.parametrize("choice", [ONEDNN, NATIVE])
def test_a_choice_of_the_past_is_kept(choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for slow in (True, False):
        monkeypatch.setattr(matmul, "mkl_is_slow", lambda slow=slow: slow)
        assert route_matmul(choice, accurate)[0] == choice
        assert SETTING.fp32_precision == {ONEDNN: "bf16", NATIVE: "ieee"}[choice]


def test_a_choice_of_the_past_that_would_round_is_an_error() -> None:
    with pytest.raises(GanzooError, match="this machine differs"):
        route_matmul(ONEDNN, rounded)
    assert SETTING.fp32_precision == "ieee"


def test_the_probe_draws_nothing() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    route_matmul()
    assert torch.equal(torch.rand(3), expected)


def gradients(module: nn.Module, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    y = module(x)
    cotangent = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y.dtype)
    return [y, *torch.autograd.grad((y * cotangent).sum(), [x, *module.parameters()])]


@pytest.mark.parametrize(
    ("batch", "inputs", "outputs"), [(64, 100, 128), (64, 784, 512), (100, 1024, 784), (5, 7, 1)]
)
def test_what_is_chosen_has_the_accuracy_of_float32(batch: int, inputs: int, outputs: int) -> None:
    route_matmul()
    torch.manual_seed(0)
    layer, x = nn.Linear(inputs, outputs), torch.randn(batch, inputs)
    found = gradients(layer, x)
    for got, exact in zip(found, gradients(layer.double(), x.double()), strict=True):
        assert (got.double() - exact).norm() <= LARGEST_ERROR * exact.norm()


@pytest.mark.parametrize("choice", [ONEDNN, NATIVE])
def test_native_is_the_default_and_convolutions_are_never_changed(choice: str) -> None:
    torch.manual_seed(0)
    SETTING.fp32_precision = "none"
    a, b = torch.randn(64, 784), torch.randn(784, 256)
    images, kernels = torch.randn(8, 16, 14, 14), torch.randn(32, 16, 5, 5)
    product, convolved = a @ b, conv2d(images, kernels, stride=2, padding=2)
    exact = conv2d(images.double(), kernels.double(), stride=2, padding=2)
    try:
        route_matmul(choice)
    except GanzooError:
        pytest.skip("oneDNN rounds to bf16 on this machine")
    assert torch.equal(conv2d(images, kernels, stride=2, padding=2), convolved)
    assert (convolved.double() - exact).norm() <= LARGEST_ERROR * exact.norm()
    assert torch.backends.mkldnn.conv.fp32_precision == "none"
    if choice == NATIVE:
        assert torch.equal(a @ b, product)


def test_autocast_is_as_ever() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(64, 784), torch.randn(784, 256)
    exact = a.double() @ b.double()
    route_matmul()
    with torch.autocast("cpu", torch.bfloat16):
        lowered = a @ b
        with torch.autocast("cpu", enabled=False):
            full = a @ b
    assert lowered.dtype == torch.bfloat16
    assert (lowered.double() - exact).norm() <= 1e-2 * exact.norm()
    assert full.dtype == torch.float32
    assert (full.double() - exact).norm() <= LARGEST_ERROR * exact.norm()


def test_small_matrices_are_multiplied_natively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "_error_of_onednn", lambda product: 0.0)  # whatever it is here
    small, large = nn.Linear(128, 128), nn.Linear(784, 512)
    assert choose_matmul(small)[0] == NATIVE
    assert SETTING.fp32_precision == "ieee"
    assert choose_matmul(nn.Sequential(small, large))[0] == ONEDNN
    assert choose_matmul(nn.Conv2d(64, 512, 4))[0] == NATIVE
    assert choose_matmul(small, before=ONEDNN)[0] == ONEDNN
    assert choose_matmul(large, before=NATIVE)[0] == NATIVE
