"""Batches: the same from both feeds, a function of the seed and of their number alone."""

import random

import pytest
import torch
from helpers.data.feeding import CPU, feeding, labels, numbered, streams_of
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import first_samples, make_feed, permutation
from ganzoo.errors import GanzooError


@pytest.mark.parametrize("resident", [True, False])
def test_a_batch_holds_the_chosen_samples_with_images_between_minus_one_and_one(resident):
    with feeding(numbered(300), 64, resident=resident, seed=3) as feed:
        order = permutation(300, 3, 0)
        assert feed.batches_per_epoch == 4
        for k in range(2):
            batch = feed.draw()
            assert feed.drawn == k + 1
            chosen = order[k * 64 : (k + 1) * 64].tolist()
            assert batch["label"].tolist() == chosen
            assert batch["label"].dtype == torch.int64
            assert batch["image"].dtype == torch.float32
            expected = torch.tensor([[i // 256 / 127.5 - 1, i % 256 / 127.5 - 1] for i in chosen])
            torch.testing.assert_close(batch["image"].reshape(64, 2), expected, atol=1e-7, rtol=0)


def test_black_is_exactly_minus_one_and_white_exactly_one():
    dataset = Dataset.of("ends", torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1))
    with feeding(dataset, 2, resident=True) as feed:
        assert sorted(feed.draw()["image"].flatten().tolist()) == [-1.0, 1.0]


@pytest.mark.parametrize("resident", [True, False])
def test_points_are_left_as_they_are(resident):
    points = torch.randn(10, 2, generator=torch.Generator().manual_seed(0))
    with feeding(Dataset.of("points", points), 10, resident=resident) as feed:
        assert torch.equal(feed.draw()["image"], points[permutation(10, 0, 0)])


@settings(max_examples=15, deadline=None)
@given(data=st.data(), samples=st.integers(1, 50), seed=st.integers(0, 2**64))
def test_both_feeds_give_the_same_batches(data, samples, seed):
    batch_size = data.draw(st.integers(1, samples))
    start = data.draw(st.integers(0, 200))
    dataset = numbered(samples)
    chosen = {"seed": seed, "drawn": start}
    with (
        feeding(dataset, batch_size, resident=True, **chosen) as resident,
        feeding(dataset, batch_size, resident=False, **chosen) as streaming,
    ):
        for _ in range(resident.batches_per_epoch + 1):
            ours, theirs = resident.draw(), streaming.draw()
            assert ours.keys() == theirs.keys() == {"image", "label"}
            assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        assert resident.drawn == streaming.drawn == start + resident.batches_per_epoch + 1


@settings(max_examples=50, deadline=None)
@given(data=st.data(), samples=st.integers(1, 60), seed=st.integers(0, 2**64))
def test_an_epoch_visits_no_sample_twice_and_leaves_out_less_than_a_batch(data, samples, seed):
    batch_size = data.draw(st.integers(1, samples))
    with feeding(numbered(samples), batch_size, resident=True, seed=seed) as feed:
        for _ in range(3):
            visited = [i for batch in labels(feed, feed.batches_per_epoch) for i in batch]
            assert len(visited) == len(set(visited)) > samples - batch_size
            assert set(visited) <= set(range(samples))


def test_epochs_and_seeds_differ_in_their_order():
    orders = {tuple(permutation(50, seed, epoch).tolist()) for seed in range(5) for epoch in (0, 1)}
    assert len(orders) == 10
    with feeding(numbered(50), 50, resident=True) as feed:
        first, second = labels(feed, 2)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(50))


@settings(max_examples=15, deadline=None)
@given(
    processes=st.integers(1, 4),
    share=st.integers(1, 5),
    more=st.integers(0, 10),
    seed=st.integers(0, 2**32),
    resident=st.sampled_from([True, True, False]),
)
def test_the_shares_of_all_processes_joined_are_the_batch_of_one(
    processes, share, more, seed, resident
):
    batch_size = processes * share
    streams = streams_of({"a": batch_size + more, "b": 3})
    dataset = numbered(batch_size + more)
    whole = make_feed(dataset, batch_size, device=CPU, seed=seed, streams=streams)
    feeds = [
        make_feed(
            dataset,
            batch_size,
            device=CPU,
            seed=seed,
            streams=streams,
            budget=None if resident else 0,
            shard=(rank, processes),
        )
        for rank in range(processes)
    ]
    for feed in (whole, *feeds):
        assert (feed.batch_size, feed.batches_per_epoch) == (batch_size, whole.batches_per_epoch)
        feed.drawn = 3
        feed.stage(4)
    for _ in range(4):
        batch, parts = whole.draw(), [feed.draw() for feed in feeds]
        assert all(len(part["a"]) == share for part in parts)
        for name, tensor in batch.items():
            assert torch.equal(torch.cat([part[name] for part in parts]), tensor)
    for feed in feeds:
        feed.close()


def test_a_batch_that_the_processes_cannot_share_is_an_error():
    with pytest.raises(GanzooError) as error:
        make_feed(numbered(64), 30, device=CPU, seed=0, shard=(1, 4))
    assert str(error.value) == (
        "--batch-size 30 cannot be shared equally by 4 processes: choose a multiple of 4"
    )


def test_a_data_set_mapped_from_a_file_can_be_streamed(tmp_path):
    save_file(numbered(40).fields, tmp_path / "mapped.safetensors")
    mapped = numbered(40).with_tensors(load_file(tmp_path / "mapped.safetensors"))
    with (
        feeding(mapped, 7, resident=False) as streaming,
        feeding(numbered(40), 7, resident=True) as resident,
    ):
        assert labels(streaming, 8) == labels(resident, 8)


@pytest.mark.parametrize("resident", [True, False])
def test_feeds_leave_the_global_generators_alone(resident):
    torch.manual_seed(0)
    before, python = torch.get_rng_state(), random.getstate()
    with feeding(numbered(10), 3, resident=resident) as feed:
        labels(feed, 7)
        feed.drawn = 2
        labels(feed, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert random.getstate() == python


@pytest.mark.parametrize("number", ["", "x", "0", "-1"])
def test_who_trains_alone_is_told_nothing_of_other_processes(number, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", number)
    make_feed(numbered(10), 2, device=CPU, seed=0)


def test_the_budget_is_what_the_data_may_take():
    dataset = numbered(10)
    size = 10 * 2 + 10 * 8
    at, below = (
        type(make_feed(dataset, 2, device=CPU, seed=0, budget=budget))
        for budget in (size, size - 1)
    )
    assert at is not below
    assert at is type(make_feed(dataset, 2, device=CPU, seed=0))


def test_a_batch_larger_than_the_data_set_is_an_error():
    with pytest.raises(GanzooError) as error:
        make_feed(numbered(64), 100, device=CPU, seed=0)
    assert str(error.value) == (
        "--batch-size 100 is larger than the data set 'numbered', which has 64 samples: "
        "choose at most 64"
    )


def test_the_first_samples_are_as_in_a_batch():
    data = numbered(300).fields
    taken = first_samples([{"image": data["image"]}, {"label": data["label"][:2]}], 3, CPU)
    expected = torch.tensor([[-1.0, -1.0], [-1.0, 1 / 127.5 - 1], [-1.0, 2 / 127.5 - 1]])
    torch.testing.assert_close(taken["image"].view(3, 2), expected)
    assert taken["label"].tolist() == data["label"][:2].tolist()
