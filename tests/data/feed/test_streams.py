"""Several streams of one feed: each has an order of its own."""

import pytest
import torch
from helpers.data.feeding import CPU, numbered, streams_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.data.feed import make_feed, permutation
from ganzoo.errors import GanzooError


@pytest.mark.parametrize("budget", [None, 0])
def test_each_stream_has_an_order_of_its_own(budget):
    streams = streams_of({"a": 20, "b": 20, "c": 12})
    feed = make_feed(numbered(20), 4, device=CPU, seed=5, streams=streams, budget=budget)
    assert feed.batches_per_epoch == 5
    batches = [feed.draw() for _ in range(12)]
    for number, (name, samples) in enumerate((("a", 20), ("b", 20), ("c", 12))):
        per_epoch = samples // 4
        for k, batch in enumerate(batches):
            order = permutation(samples, 5, k // per_epoch, number)
            expected = order[k % per_epoch * 4 : (k % per_epoch + 1) * 4]
            assert torch.equal(batch[name], expected)
            assert torch.equal(batch[f"{name} again"], expected)
    assert any(not torch.equal(batch["a"], batch["b"]) for batch in batches)
    feed.drawn = 7
    sought = feed.draw()
    assert all(torch.equal(sought[name], batches[7][name]) for name in sought)
    feed.close()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 100), st.integers(0, 99))
def test_a_stream_shorter_than_a_batch_is_repeated_evenly(few, batch_size, drawn):
    many = max(few, batch_size)
    streams = streams_of({"all": many, "few": few})
    feed = make_feed(numbered(many), batch_size, device=CPU, seed=0, streams=streams)
    feed.drawn = drawn
    counts = torch.bincount(feed.draw()["few"], minlength=few)
    if few <= batch_size:
        assert counts.max() <= -(-batch_size // few)
        if batch_size % few == 0:
            assert counts.unique().tolist() == [batch_size // few]
    else:
        assert counts.max() == 1


def test_streams_that_share_a_name_are_refused():
    streams = [{"image": torch.zeros(4)}, {"image": torch.zeros(4)}]
    with pytest.raises(GanzooError, match="two streams of 'numbered' have a field 'image'"):
        make_feed(numbered(4), 2, device=CPU, seed=0, streams=streams)
