"""The parts of translators that no variant's own tests know: how maps are halved and doubled."""

import pytest
import torch
from torch import Tensor

from ganzoo import DataSpec
from ganzoo.networks.translators import (
    Double,
    Halve,
    ResidualBlock,
    patch_discriminator,
    resnet_generator,
)


def halved(line: Tensor) -> Tensor:
    """A loop over a line, reflected at its ends."""
    last = len(line) - 1
    at = [*range(len(line))]
    return torch.stack(
        [(line[abs(k - 1)] + 2 * line[k] + line[last - abs(last - k - 1)]) / 4 for k in at[::2]]
    )


def doubled(line: Tensor) -> Tensor:
    """A loop over a line, whose ends are repeated: pixels lie a quarter beside their sources."""
    last = len(line) - 1
    made = []
    for k in range(len(line)):
        made.append((3 * line[k] + line[max(k - 1, 0)]) / 4)
        made.append((3 * line[k] + line[min(k + 1, last)]) / 4)
    return torch.stack(made)


@pytest.mark.parametrize("side", [4, 7, 10])
def test_halved_and_doubled_as_by_loops(side: int) -> None:
    torch.manual_seed(0)
    column, row = torch.randn(2, side, dtype=torch.float64)
    maps = torch.stack((torch.outer(column, row), torch.outer(row, column)))[None]
    for net, loop in ((Halve(), halved), (Double(), doubled)):
        there = torch.outer(loop(column), loop(row))
        torch.testing.assert_close(net.double()(maps)[0], torch.stack((there, there.T)))


def test_of_an_odd_size_the_last_row_is_left_out() -> None:
    maps = torch.randn(2, 3, 4, 5)
    torch.testing.assert_close(Double((1, 0))(maps), Double()(maps)[:, :, :-1])
    torch.testing.assert_close(Double((0, 1))(maps), Double()(maps)[:, :, :, :-1])


def test_what_is_flat_stays_flat() -> None:
    flat = torch.full((1, 2, 6, 5), 0.75)
    assert (Halve()(flat) == 0.75).all()
    torch.testing.assert_close(Double()(flat), torch.full((1, 2, 12, 10), 0.75))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 30, 45), (2, 16, 17)])
def test_antialiased_networks_have_the_sizes_of_the_others(shape: tuple[int, int, int]) -> None:
    data = DataSpec.images(shape)
    image = torch.rand(2, *shape)
    assert resnet_generator(2, 1, data, antialiased=True)(image).shape == image.shape
    plain, smooth = (patch_discriminator(2, data, antialiased=yes)(image) for yes in (False, True))
    assert abs(plain.shape[2] - smooth.shape[2]) <= 1
    assert min(smooth.shape[2:]) >= 4


def test_blurs_are_no_weights() -> None:
    net = resnet_generator(2, 1, DataSpec.images((1, 16, 16)), antialiased=True)
    assert not [name for name in net.state_dict() if "kernel" in name]


def test_an_image_that_moves_by_two_pixels_moves_by_one_when_it_is_halved() -> None:
    maps = torch.zeros(1, 1, 12, 12)
    maps[..., 4:7, 5:8] = torch.rand(3, 3)
    moved = Halve()(maps.roll((2, 2), (2, 3)))
    torch.testing.assert_close(moved, Halve()(maps).roll((1, 1), (2, 3)))


def test_there_is_a_way_around_a_block() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(3)
    features = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(block(features), features + block.net(features), rtol=0, atol=0)
    assert block(features).min() < 0
