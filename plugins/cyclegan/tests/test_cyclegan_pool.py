"""The pool of earlier fakes: as a list would be, but a tensor."""

from collections.abc import Sequence

import pytest
import torch
from ganzoo_cyclegan.pool import ImagePool
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare
from torch import Tensor


def numbered(first: int, n: int) -> Tensor:
    """Images that are told apart by their values."""
    return torch.arange(first, first + n, dtype=torch.float32)[:, None, None, None] + torch.zeros(
        1, 1, 2, 3
    )


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 6), st.lists(st.integers(1, 9), max_size=12), st.integers(0, 2**31))
def test_like_a_list_for_any_sizes(
    list_pool: type, size: int, batches: Sequence[int], seed: int
) -> None:
    """Also where a batch is larger than the pool, and where it takes one place several times."""
    pool, reference = ImagePool(size, (1, 2, 3)), list_pool(size)
    first = 0
    for n in batches:
        images = numbered(first, n)
        first += n
        torch.manual_seed(seed + first)
        given = pool.exchange(images)
        torch.manual_seed(seed + first)
        assert torch.equal(given, reference.exchange(images))
        assert int(pool.count) == len(reference.images)
        if reference.images:
            assert torch.equal(pool.images[: len(reference.images)], torch.stack(reference.images))
        assert not pool.images[len(reference.images) :].any()


def test_while_it_fills_the_new_images_come_back() -> None:
    pool = ImagePool(10, (1, 2, 3))
    for first in (0, 4):
        images = numbered(first, 4)
        assert torch.equal(pool.exchange(images), images)
    assert torch.equal(pool.images[:8], numbered(0, 8))
    assert int(pool.count) == 8


@pytest.mark.parametrize("batch", [1, 4])
def test_half_are_exchanged_for_any_of_the_others(batch: int) -> None:
    torch.manual_seed(0)
    pool, size, rounds = ImagePool(10, (1, 2, 3)), 10, 1000
    pool.exchange(numbered(0, size))
    swaps, ages, places = 0, [], [0] * size
    for step in range(rounds):
        images = numbered(size + batch * step, batch)
        before = pool.images[:, 0, 0, 0].clone()
        given = pool.exchange(images)[:, 0, 0, 0]
        ages += (images[:, 0, 0, 0] - given).tolist()
        swaps += int((given != images[:, 0, 0, 0]).sum())
        for place in (pool.images[:, 0, 0, 0] != before).nonzero():
            places[int(place)] += 1
    assert binomtest(swaps, rounds * batch, 0.5).pvalue > 1e-4
    assert chisquare(places).pvalue > 1e-4
    # Each image of the pool goes with probability 1 / (2 * size) an image: 20 of them on average.
    assert sum(age for age in ages if age) / swaps == pytest.approx(2 * size, rel=0.1)


def test_what_was_given_stays_as_it_is() -> None:
    torch.manual_seed(0)
    pool = ImagePool(2, (1, 2, 3))
    given = [pool.exchange(numbered(step, 1)) for step in range(20)]
    values = [float(image[0, 0, 0, 0]) for image in given]
    for step in range(20, 60):
        pool.exchange(numbered(step, 1))
    assert [float(image[0, 0, 0, 0]) for image in given] == values


def test_without_a_pool_the_fakes_are_those_of_the_iteration() -> None:
    images = numbered(0, 3)
    assert ImagePool(0, (1, 2, 3)).exchange(images) is images


def test_nothing_is_read_on_the_host() -> None:
    """Tensors of the meta device have no values: reading one raises."""
    pool = ImagePool(3, (1, 2, 3)).to("meta")
    assert pool.exchange(torch.empty(2, 1, 2, 3, device="meta")).shape == (2, 1, 2, 3)


def test_its_images_are_no_part_of_a_gradient() -> None:
    pool = ImagePool(3, (1, 2, 3))
    assert not pool.exchange(numbered(0, 2).requires_grad_()).requires_grad
    assert not pool.images.requires_grad
    assert {name for name, _ in pool.named_buffers()} == {"images", "count"} == {*pool.state_dict()}
