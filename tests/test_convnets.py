"""Layers for authors."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganzoo import DataSpec, GanzooError, convnets
from ganzoo.convnets import ReflectionPad2d, doubled_sides

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


@given(st.integers(4, 7), st.integers(4, 20), st.integers(0, 4), st.booleans())
def test_images_are_halved_down_to_the_smallest_maps(
    short: int, long: int, doublings: int, turned: bool
) -> None:
    sides = sorted((short, max(short, long)), reverse=turned)
    image = [side * 2**doublings for side in sides]
    found = doubled_sides("any", DataSpec.images((1, *image)), doublings, doublings)
    assert found == [(sides[0] * 2**i, sides[1] * 2**i) for i in range(doublings + 1)]


@pytest.mark.parametrize("shape", [(1, 3, 3), (3, 45, 61), (3, 100, 90), (3, 30, 30), (2,)])
def test_what_is_no_small_maps_doubled_is_refused(shape: tuple[int, ...]) -> None:
    data = DataSpec.of_shape(shape, name="odd")
    with pytest.raises(GanzooError, match=r"^any needs .* 4 to 7 pixels .* and 'odd' has .*: try "):
        doubled_sides("any", data)


@pytest.mark.parametrize("doublings", [1, 4])
def test_maps_are_to_be_doubled_as_often_as_networks_can(doublings: int) -> None:
    data = DataSpec.images((1, 4 * 2**doublings, 4 * 2**doublings))
    with pytest.raises(GanzooError, match="doubled 2 to 3 times"):
        doubled_sides("any", data, 2, 3)


@pytest.mark.parametrize(
    ("side", "least", "most", "tried"),
    [(50, 0, None, "48 or 56"), (30, 0, None, "28 or 32"), (2, 0, None, "4"), (9, 2, 3, "16"),
     (90, 0, 3, "56")],
)  # fmt: skip
def test_the_nearest_sizes_are_named(side: int, least: int, most: int | None, tried: str) -> None:
    data = DataSpec.images((3, side, side), name="photos")
    with pytest.raises(GanzooError, match=f"try --image-size {tried}$"):
        doubled_sides("x", data, least, most)
