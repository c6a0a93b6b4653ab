"""Batches that are staged, drawn, captured, sought and kept."""

import pytest
import torch
from helpers.data.feeding import Tape, feeding, labels, numbered
from hypothesis import given, settings
from hypothesis import strategies as st

from ganzoo.data.feed import permutation


@settings(max_examples=15, deadline=None)
@given(
    stages=st.lists(st.integers(0, 9), min_size=1, max_size=8),
    samples=st.integers(1, 20),
    resident=st.sampled_from([True, True, False]),
    data=st.data(),
)
def test_the_draws_after_a_stage_give_the_batches_that_it_counted(stages, samples, resident, data):
    batch_size = data.draw(st.integers(1, samples))
    with (
        feeding(numbered(samples), batch_size, resident=resident) as feed,
        feeding(numbered(samples), batch_size, resident=True) as one_by_one,
    ):
        for n in stages:
            before = feed.drawn
            feed.stage(n)
            assert feed.drawn == before + n
            for _ in range(n):
                assert feed.draw()["label"].tolist() == labels(one_by_one, 1)[0]


@pytest.mark.parametrize("resident", [True, False])
def test_what_is_staged_and_not_drawn_is_skipped(resident):
    with feeding(numbered(23), 4, resident=resident) as feed:
        unbroken = labels(feed, 12)
        feed.drawn = 0
        feed.stage(4)
        feed.draw()
        feed.stage(2)
        assert [feed.draw()["label"].tolist() for _ in range(2)] == unbroken[4:6]
        assert feed.draw()["label"].tolist() == unbroken[6]
        assert feed.drawn == 7
        feed.stage(3)
        feed.drawn = 1
        assert feed.draw()["label"].tolist() == unbroken[1]


def test_any_number_of_batches_follow_one_another_and_all_are_sought_alike():
    orders = [permutation(23, 0, epoch) for epoch in range(140)]
    chosen = [order[k : k + 4].tolist() for order in orders for k in range(0, 20, 4)]
    with feeding(numbered(23), 4, resident=True) as feed:
        assert [batch for _ in range(230) for batch in labels(feed, 3)] == chosen[:690]
        for number in (600, 2, 255, 256, 690, 435, 434, 0):
            feed.drawn = number
            assert labels(feed, 3) == chosen[number : number + 3]


@pytest.mark.parametrize("resident", [True, False])
def test_a_draw_that_nothing_was_staged_for_stages_one(resident):
    with feeding(numbered(23), 4, resident=resident) as feed:
        unbroken = labels(feed, 3)
        feed.drawn = 0
        assert [feed.draw()["label"].tolist() for _ in range(3)] == unbroken
        assert feed.drawn == 3


@pytest.mark.parametrize(
    ("resident", "n"), [(True, 1), (True, 3), (True, 300), (False, 1), (False, 3)]
)
def test_draws_can_be_captured_once_and_replayed_after_each_stage(resident, n):
    batches = 4 * n
    with (
        feeding(numbered(23), 4, resident=resident) as feed,
        feeding(numbered(23), 4, resident=True) as expected,
    ):
        chosen = labels(expected, batches)
        feed.stage(n)
        with Tape() as tape:
            drawn = torch.stack([feed.draw()["label"] for _ in range(n)])
        assert drawn.tolist() == chosen[:n]
        feed.stage(n)
        assert tape.replay(drawn).tolist() == chosen[n : 2 * n]
        feed.drawn = 0
        for other in (2, 400):  # another plan of the same training: more draws, or fewer
            feed.stage(other)
            feed.draw()
        feed.drawn = 3 * n
        feed.stage(n)  # an iteration that was captured, but not run
        feed.drawn = 3 * n
        feed.stage(n)
        assert tape.replay(drawn).tolist() == chosen[3 * n :]


@pytest.mark.parametrize("resident", [True, False])
def test_one_captured_draw_can_be_replayed_for_each_staged_batch(resident):
    with feeding(numbered(23), 4, resident=resident) as feed:
        unbroken = labels(feed, 6)
        feed.drawn = 0
        feed.stage(6)
        with Tape() as tape:
            first = feed.draw()["label"]
        assert [first.tolist(), *(tape.replay(first).tolist() for _ in range(5))] == unbroken


@pytest.mark.parametrize("resident", [True, False])
def test_a_batch_that_is_kept_is_not_overwritten(resident):
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    streams = [numbered(20).fields | {"points": points}]
    with feeding(numbered(20), 4, resident=resident, streams=streams) as feed:
        feed.stage(2)
        kept = [feed.draw() for _ in range(2)]
        before = [{name: tensor.clone() for name, tensor in batch.items()} for batch in kept]
        for _ in range(3):
            feed.stage(2)
        assert all(torch.equal(a[k], b[k]) for a, b in zip(kept, before, strict=True) for k in a)


@pytest.mark.parametrize("resident", [True, False])
def test_seeking_into_the_middle_of_an_epoch_and_back(resident):
    with feeding(numbered(23), 4, resident=resident, seed=1) as feed:
        unbroken = labels(feed, 12)
        feed.drawn = 8
        assert labels(feed, 4) == unbroken[8:]
        feed.drawn = 2
        assert labels(feed, 5) == unbroken[2:7]


def test_a_closed_stream_goes_on_where_it_was():
    with feeding(numbered(23), 4, resident=False) as feed:
        unbroken = labels(feed, 4)
        feed.drawn = 0
        labels(feed, 2)
        feed.close()
        assert labels(feed, 2) == unbroken[2:]
