"""Layers for authors."""

import pytest
import torch
from torch import Tensor, nn

from ganzoo import convnets
from ganzoo.convnets import ReflectionPad2d

PADDINGS = [1, 3, (2, 0, 1, 3), (0, 0, 0, 0)]


@pytest.fixture
def as_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convnets, "_adds_up_in_any_order", lambda image: True)


def penalised(layer: nn.Module, image: Tensor) -> tuple[Tensor, ...]:
    """The output, its gradient, and that of a penalty on it."""
    out = layer(image)
    (grad,) = torch.autograd.grad(out.square().sum(), image, create_graph=True)
    return out, grad, *torch.autograd.grad(grad.square().sum(), image)


@pytest.mark.usefixtures("as_on_cuda")
@pytest.mark.parametrize("padding", PADDINGS)
def test_reflections_are_those_of_torch_and_so_are_their_gradients(
    padding: int | tuple[int, int, int, int],
) -> None:
    image = torch.randn(2, 3, 6, 5, dtype=torch.float64, requires_grad=True)
    expected = penalised(nn.ReflectionPad2d(padding), image)
    for found, wanted in zip(penalised(ReflectionPad2d(padding), image), expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_on_a_cpu_they_are_those_of_torch_bit_for_bit() -> None:
    image = torch.randn(2, 3, 6, 5, requires_grad=True)
    expected = penalised(nn.ReflectionPad2d(2), image)
    for found, wanted in zip(penalised(ReflectionPad2d(2), image), expected, strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.gpu
def test_gradients_of_reflections_on_a_gpu_are_the_same_each_time() -> None:
    image = torch.randn(4, 16, 32, 32, device="cuda", requires_grad=True)
    once, again = (penalised(ReflectionPad2d(3), image) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(once, again, strict=True))
    wanted = penalised(nn.ReflectionPad2d(3), image)
    for found, other in zip(once, wanted, strict=True):
        torch.testing.assert_close(found, other)
