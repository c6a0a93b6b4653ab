"""Images of any size in tiles, of which is made what is made of the whole, where that can be."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.artifacts.pixels import to_bytes, to_floats
from ganzoo.errors import GanzooError
from ganzoo.library.making.tiles import Tiling, in_tiles, windows


def exactly(values: Tensor) -> Tensor:
    return values


def network(factor: int, layers: int = 3) -> nn.Sequential:
    """Convolutions that look `layers` pixels far, with the padding that each has of itself."""
    torch.manual_seed(0)
    convs: list[nn.Module] = []
    for padding in ("zeros", "reflect", "replicate")[:layers]:
        convs += [nn.Conv2d(3, 3, 3, padding=1, padding_mode=padding), nn.Tanh()]
    wide = nn.Conv2d(3, 3 * factor**2, 1)
    return nn.Sequential(*convs, wide, nn.PixelShuffle(factor)).requires_grad_(False)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from([1, 2, 4]), st.integers(3, 9))
def test_what_is_made_of_tiles_is_what_is_made_of_the_whole(
    height: int, width: int, factor: int, side: int
) -> None:
    net, image = network(factor), torch.rand(1, 3, height, width) * 2 - 1
    tiling = Tiling((4, 4), 1, 3, factor, side * factor)
    whole = in_tiles(net, image, Tiling((4, 4), 1, None, factor, 0), exactly)
    tiles = in_tiles(net, image, tiling, exactly)
    assert tiling.exact
    assert tiles.shape == (1, 3, factor * height, factor * width)
    torch.testing.assert_close(tiles, whole, rtol=0, atol=1e-5)


class Strided(nn.Module):
    """Halves and doubles the sides, so that every pixel has a phase."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.down = nn.Conv2d(3, 8, 4, 2, 1)
        self.up = nn.ConvTranspose2d(8, 3, 4, 2, 1)

    def forward(self, image: Tensor) -> Tensor:
        made: Tensor = self.up(self.down(image).relu())
        return made


def test_tiles_begin_at_multiples() -> None:
    net, image = Strided().requires_grad_(False), torch.rand(2, 3, 37, 51)
    whole = in_tiles(net, image, Tiling((8, 8), 2, None, 1, 0), exactly)
    torch.testing.assert_close(
        in_tiles(net, image, Tiling((8, 8), 2, 5, 1, 8), exactly), whole, rtol=0, atol=1e-5
    )
    assert (in_tiles(net, image, Tiling((8, 8), 2, 0, 1, 8), exactly) - whole).abs().max() > 1e-3


def test_a_margin_that_is_too_narrow_shows() -> None:
    """So that the tests above can fail."""
    net, image = network(1), torch.rand(1, 3, 30, 30)
    whole = in_tiles(net, image, Tiling((4, 4), 1, None, 1, 0), exactly)
    tiles = in_tiles(net, image, Tiling((4, 4), 1, 2, 1, 8), exactly)
    assert (tiles - whole).abs().max() > 1e-4


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 200),
    st.integers(1, 40),
    st.sampled_from([1, 2, 4]),
    st.none() | st.integers(0, 50),
    st.integers(1, 20),
)
def test_weights_add_up_to_one(
    size: int, side: int, multiple: int, reach: int | None, least: int
) -> None:
    size *= multiple
    tiling = Tiling((least, 1), multiple, reach, 1, side)
    total, found = torch.zeros(size), windows(tiling, size)
    for window in found:
        assert window.start % multiple == window.stop % multiple == 0
        assert window.stop - window.start >= min(size, least)
        total[window.start : window.stop] += window.weights
        assert (window.weights >= 0).all()
    torch.testing.assert_close(total, torch.ones(size))
    assert all(one.start <= other.start for one, other in pairwise(found))


def test_tiles_that_see_too_little_are_blended_without_a_seam() -> None:
    """Each tile has a brightness of its own, as where a norm is of whole images."""
    tiling = Tiling((1, 1), 1, None, 1, 16)
    tones = iter(range(100))

    def uneven(image: Tensor) -> Tensor:
        return torch.full_like(image, next(tones) / 100)

    made = in_tiles(uneven, torch.zeros(1, 1, 40, 40), tiling, exactly)
    assert tiling.blends(40, 40)
    assert not tiling.blends(16, 12)
    assert made.unique().numel() > 9
    steps = torch.cat((made.diff(dim=2).flatten(), made.diff(dim=3).flatten())).abs()
    assert steps.max() < 3 / 100 / (2 * tiling.margin) + 1e-6  # three tones from row to row


def test_values_are_rounded_once() -> None:
    net, image = network(2), (torch.rand(1, 3, 40, 33) * 255).byte()
    tiling = Tiling((4, 4), 1, 3, 2, 16)
    made = in_tiles(lambda tile: net(to_floats(tile)), image, tiling, to_bytes)
    assert made.dtype == torch.uint8
    expected = to_bytes(net(to_floats(image)))
    assert (made.int() - expected.int()).abs().max() <= 1
    assert (made != expected).float().mean() < 1e-3


def test_progress_comes_to_one_image() -> None:
    told: list[float] = []
    in_tiles(network(1), torch.rand(1, 3, 30, 30), Tiling((4, 4), 1, 3, 1, 8), exactly, told.append)
    assert len(told) > 1
    assert sum(told) == pytest.approx(1)


def test_networks_that_change_the_size_are_refused() -> None:
    with pytest.raises(GanzooError, match="make images of another size"):
        in_tiles(lambda x: x[:, :, 1:], torch.rand(1, 3, 9, 9), Tiling((1, 1), 1, 0), exactly)


class Largest(TorchDispatchMode):
    """Remembers the bytes of the largest tensor that is made."""

    bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for each in made if isinstance(made, tuple | list) else (made,):
            if isinstance(each, Tensor):
                self.bytes = max(self.bytes, each.numel() * each.element_size())
        return made


def test_memory_grows_with_the_tile_and_not_with_the_image() -> None:
    """Of 64 maps a pixel, 256 bytes; the image itself has 3, and its floats 12."""
    net = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 3, 3, padding=1))
    net.requires_grad_(False)

    def largest(side: int, tile: int) -> int:
        image = torch.zeros(1, 3, side, side, dtype=torch.uint8)
        with Largest() as found:
            in_tiles(
                lambda part: net(to_floats(part)), image, Tiling((1, 1), 1, 2, 1, tile), to_bytes
            )
        return found.bytes

    assert largest(100, 32) == 256 * (32 + 2 * 2) ** 2
    assert largest(220, 32) == 12 * 220**2
    assert largest(220, 0) == 256 * 220**2
