"""The Adam whose second decay moves, beside torch's, which reads it on the host."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from ganzoo.engine.optimizers.make import make_moving_adam, make_optimizer
from ganzoo.variant import Adam, AdamW

SPECS = [
    Adam(0.03, betas=(0.0, 0.9)),
    Adam(0.03, betas=(0.5, 0.9), weight_decay=0.1),
    AdamW(0.03, betas=(0.5, 0.9), weight_decay=0.1),
]
BETAS = [0.9, 0.9, 0.93, 0.95, 0.99, 0.99, 0.999]


def parameters(device: str = "cpu") -> list[nn.Parameter]:
    shapes: Sequence[tuple[int, ...]] = ((3, 4), (5,), ())
    return [nn.Parameter(torch.ones(shape, device=device)) for shape in shapes]


def set_beta2(optimizer: torch.optim.Optimizer, value: float) -> None:
    for group in optimizer.param_groups:
        beta1, beta2 = group["betas"]
        moved = beta2.fill_(value) if isinstance(beta2, Tensor) else value
        group["betas"] = (beta1, moved)


def trained(optimizer: torch.optim.Optimizer, params: list[nn.Parameter]) -> list[Tensor]:
    """Seven steps, of which the last parameter misses some."""
    generator = torch.Generator().manual_seed(1)
    for number, beta2 in enumerate(BETAS):
        set_beta2(optimizer, beta2)
        for param in params:
            grad = torch.randn(param.shape, generator=generator).to(param)
            param.grad = None if param is params[-1] and number % 3 == 1 else grad
        optimizer.step()
    return [param.detach() for param in params]


@pytest.fixture(autouse=True)
def in_float64() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_it_moves_as_torchs_does(spec: Adam) -> None:
    ours, theirs = parameters(), parameters()
    mine, torchs = make_moving_adam(spec, ours), make_optimizer(spec, theirs)
    for one, other in zip(trained(mine, ours), trained(torchs, theirs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)  # whose steps are float32
    for one_param, other_param in zip(ours, theirs, strict=True):
        found, expected = mine.state[one_param], torchs.state[other_param]
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            torch.testing.assert_close(found[key], value.to(found[key]), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_on_cuda_a_moving_decay_is_not_read_on_the_host(spec: Adam) -> None:
    """A tensor without values refuses to be read."""
    torch.set_default_dtype(torch.float32)
    with FakeTensorMode():
        params = parameters("cuda")
        optimizer = make_optimizer(spec, params, beta2_moves=True)
        for param in params:
            param.grad = torch.empty_like(param)
        optimizer.step()
        set_beta2(optimizer, 0.95)
        optimizer.step()
        assert all(value.is_cuda for param in params for value in optimizer.state[param].values())


@pytest.mark.gpu
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_a_captured_step_follows_the_decay(spec: Adam) -> None:
    torch.set_default_dtype(torch.float32)
    eager, captured = parameters("cuda"), parameters("cuda")
    one, other = (make_optimizer(spec, params, beta2_moves=True) for params in (eager, captured))
    for params in (eager, captured):
        for param in params:
            param.grad = torch.full_like(param, 0.5)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        other.step()
    torch.cuda.current_stream().wait_stream(stream)
    one.step()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        other.step()
    for beta2 in BETAS:
        set_beta2(one, beta2)
        set_beta2(other, beta2)
        one.step()
        graph.replay()
    for param, same in zip(eager, captured, strict=True):
        assert torch.equal(param, same)
