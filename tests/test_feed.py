"""Batches: the same from both feeds, a function of the seed and of their number alone."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed, first_samples, make_feed, permutation
from ganzoo.errors import GanzooError

CPU = torch.device("cpu")


def numbered(samples: int) -> Dataset:
    """Sample i has the label i, and i in its two pixels."""
    label = torch.arange(samples)
    image = torch.stack([label // 256, label % 256], dim=1).to(torch.uint8)
    return Dataset("numbered", {"image": image.reshape(samples, 1, 1, 2), "label": label})


@contextmanager
def feeding(
    dataset: Dataset,
    batch_size: int,
    *,
    resident: bool,
    seed: int = 0,
    drawn: int = 0,
    device: torch.device = CPU,
) -> Iterator[Feed]:
    budget = None if resident else 0
    feed = make_feed(dataset, batch_size, device=device, seed=seed, budget=budget)
    feed.drawn = drawn
    try:
        yield feed
    finally:
        feed.close()


def labels(feed: Feed, batches: int) -> list[list[int]]:
    return [feed.draw()["label"].tolist() for _ in range(batches)]


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
    dataset = Dataset("ends", {"image": torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)})
    with feeding(dataset, 2, resident=True) as feed:
        assert sorted(feed.draw()["image"].flatten().tolist()) == [-1.0, 1.0]


@pytest.mark.parametrize("resident", [True, False])
def test_points_are_left_as_they_are(resident):
    points = torch.randn(10, 2, generator=torch.Generator().manual_seed(0))
    with feeding(Dataset("points", {"image": points}), 10, resident=resident) as feed:
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


def test_a_data_set_mapped_from_a_file_can_be_streamed(tmp_path):
    save_file(numbered(40).fields, tmp_path / "mapped.safetensors")
    mapped = Dataset("mapped", load_file(tmp_path / "mapped.safetensors"))
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


def test_only_streaming_takes_processes_and_closing_ends_them():
    with feeding(numbered(10), 3, resident=True) as feed:
        feed.draw()
        assert not multiprocessing.active_children()
    with feeding(numbered(10), 3, resident=False) as feed:
        feed.draw()
        workers = multiprocessing.active_children()
        assert 1 <= len(workers) <= 4
        for worker in workers:
            os.kill(worker.pid, signal.SIGINT)
        labels(feed, 20)
    assert not multiprocessing.active_children()


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
        make_feed(Dataset("x", numbered(64).fields), 100, device=CPU, seed=0)
    assert str(error.value) == (
        "--batch-size 100 is larger than the data set 'x', which has 64 samples: choose at most 64"
    )


FOREVER = """
import signal
import torch
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts without it
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
data = Dataset("x", {"image": torch.zeros(100, 3, 8, 8, dtype=torch.uint8)})
feed = make_feed(data, 10, device=torch.device("cpu"), seed=0, budget=0)
try:
    feed.draw()
    print("drawing", flush=True)
    while True:
        feed.draw()
except KeyboardInterrupt:
    feed.close()
    print("closed", flush=True)
"""


def test_ctrl_c_ends_the_workers_without_a_word():
    with subprocess.Popen(
        [sys.executable, "-c", FOREVER],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "drawing\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        try:
            out, err = process.communicate(timeout=30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert (out, err, process.returncode) == ("closed\n", "", 0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_both_feeds_give_the_same_batches_without_waiting_for_the_device():
    cuda = torch.device("cuda")
    with (
        feeding(numbered(300), 64, resident=True, device=CPU) as here,
        feeding(numbered(300), 64, resident=True, device=cuda) as resident,
        feeding(numbered(300), 64, resident=False, device=cuda) as streaming,
    ):
        expected = labels(here, 9)
        torch.cuda.set_sync_debug_mode("error")
        try:
            pairs = [(resident.draw(), streaming.draw()) for _ in range(9)]
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert [ours["label"].tolist() for ours, _ in pairs] == expected
        for ours, theirs in pairs:
            assert torch.equal(ours["image"], theirs["image"])
            assert ours["image"].is_cuda
            assert ours["image"].abs().max() <= 1


def streams_of(lengths: dict[str, int]) -> list[dict[str, Tensor]]:
    """A stream a name, whose samples are their own numbers, twice."""
    return [
        {name: torch.arange(n), f"{name} again": torch.arange(n)} for name, n in lengths.items()
    ]


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


def test_the_first_samples_are_as_in_a_batch():
    data = numbered(300).fields
    taken = first_samples([{"image": data["image"]}, {"label": data["label"][:2]}], 3, CPU)
    expected = torch.tensor([[-1.0, -1.0], [-1.0, 1 / 127.5 - 1], [-1.0, 2 / 127.5 - 1]])
    torch.testing.assert_close(taken["image"].view(3, 2), expected)
    assert taken["label"].tolist() == data["label"][:2].tolist()
