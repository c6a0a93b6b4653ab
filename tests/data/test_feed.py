"""Batches: the same from both feeds, a function of the seed and of their number alone."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from ganzoo.data.augment import Augmentation
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed, first_samples, make_feed, permutation
from ganzoo.errors import GanzooError
from ganzoo.spec import DataSpec, Field

CPU = torch.device("cpu")


def numbered(samples: int) -> Dataset:
    """Sample i has the label i, and i in its two pixels."""
    label = torch.arange(samples)
    image = torch.stack([label // 256, label % 256], dim=1).to(torch.uint8)
    return Dataset.of("numbered", image.reshape(samples, 1, 1, 2), label)


@contextmanager
def feeding(
    dataset: Dataset,
    batch_size: int,
    *,
    resident: bool,
    seed: int = 0,
    drawn: int = 0,
    device: torch.device = CPU,
    **options: Any,
) -> Iterator[Feed]:
    budget = None if resident else 0
    feed = make_feed(dataset, batch_size, device=device, seed=seed, budget=budget, **options)
    feed.drawn = drawn
    try:
        yield feed
    finally:
        feed.close()


def labels(feed: Feed, batches: int) -> list[list[int]]:
    feed.stage(batches)
    return [feed.draw()["label"].tolist() for _ in range(batches)]


class Tape(TorchDispatchMode):
    """What a captured graph is: operations on given tensors, to be run again without the host."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self._calls.append((func, args, kwargs or {}, out))
        return out

    def replay(self, wanted: Tensor) -> Tensor:
        """Run all again; returns what `wanted`, which was made on the tape, is this time."""
        made: dict[int, Tensor] = {}
        for func, args, kwargs, out in self._calls:
            args, kwargs = tree_map(lambda x: made.get(id(x), x), (args, kwargs))
            made[id(out)] = func(*args, **kwargs)
        return made[id(wanted)]


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


def pictures(samples: int) -> Dataset:
    """Two kinds of images without two pixels alike, numbered by their labels, and a heat map."""
    label = torch.arange(samples)
    image = torch.arange(12, dtype=torch.uint8).view(1, 1, 3, 4).repeat(samples, 1, 1, 1)
    image[:, 0, 1, 1] = label.to(torch.uint8) + 100
    tensors = {"image": image, "other": image.clone(), "heat": image.float(), "label": label}
    kinds = {"image": "image", "other": "image", "heat": "point", "label": "label"}
    group = (Field(name, kind, tensors[name].shape[1:]) for name, kind in kinds.items())
    return Dataset(DataSpec((tuple(group),), "pictures"), tensors)


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("options", [{"flip": True}, {"crop": 2}, {"flip": True, "crop": 1}])
def test_the_images_of_a_sample_are_augmented_alike_and_nothing_else_is(resident, options):
    with (
        feeding(pictures(40), 40, resident=resident, **options) as feed,
        feeding(pictures(40), 40, resident=True) as plain,
    ):
        torch.manual_seed(3)
        ours, theirs = feed.draw(), plain.draw()
        assert torch.equal(ours["label"], theirs["label"])
        assert torch.equal(ours["heat"], theirs["heat"])
        torch.manual_seed(3)
        stored = ((theirs["image"] + 1) * 127.5).round().to(torch.uint8)
        augment = Augmentation(**options)
        again = augment.draw(40, 3, 4, CPU)(stored).to(torch.float32).div_(127.5).sub_(1)
        assert torch.equal(ours["image"], again)
        assert torch.equal(ours["other"], again)
        assert not torch.equal(ours["image"], theirs["image"])


@pytest.mark.parametrize("resident", [True, False])
def test_a_replayed_draw_augments_anew(resident):
    with feeding(pictures(8), 8, resident=resident, flip=True, crop=2) as feed:
        feed.stage(1)
        with Tape() as tape:
            first = feed.draw()["image"]
        feed.drawn = 0
        feed.stage(1)
        assert not torch.equal(tape.replay(first), first)


@pytest.mark.parametrize("options", [{"flip": True}, {"crop": 1}])
def test_what_are_no_images_cannot_be_augmented(options):
    points = Dataset.of("points", torch.zeros(10, 2), torch.arange(10))
    with pytest.raises(GanzooError) as error:
        make_feed(points, 2, device=CPU, seed=0, **options)
    assert (
        str(error.value) == "--flip and --crop change images, and 'points' has none: leave them out"
    )


def test_a_crop_as_large_as_the_image_is_an_error():
    make_feed(pictures(4), 2, device=CPU, seed=0, crop=2).draw()
    with pytest.raises(GanzooError) as error:
        make_feed(pictures(4), 2, device=CPU, seed=0, crop=3)
    assert str(error.value) == (
        "--crop 3 is too much for the images of 'pictures', which are 3x4: choose at most 2"
    )


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
        make_feed(numbered(64), 100, device=CPU, seed=0)
    assert str(error.value) == (
        "--batch-size 100 is larger than the data set 'numbered', which has 64 samples: "
        "choose at most 64"
    )


FOREVER = """
import signal
import torch
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job starts without it
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import make_feed
data = Dataset.of("x", torch.zeros(100, 3, 8, 8, dtype=torch.uint8))
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
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "drawing\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        try:
            out, err = process.communicate(timeout=300)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert (out, err, process.returncode) == ("closed\n", "", 0)


class Stream:
    """Stands in for a CUDA stream: what waits for what is all that is seen of it."""

    def __init__(self, name: str, waits: list[tuple[str, str]]) -> None:
        self.name, self.waits = name, waits

    def wait_stream(self, other: "Stream") -> None:
        self.waits.append((self.name, other.name))


def test_batches_are_copied_ahead_in_order_and_each_stream_waits_for_the_other(monkeypatch):
    waits = []
    computing = Stream("computing", waits)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: computing)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    with feeding(numbered(23), 4, resident=True) as expected:
        unbroken = labels(expected, 40)
    with feeding(numbered(23), 4, resident=False) as feed:
        feed._copying = Stream("copying", waits)
        for n in (3, 1, 1, 1, 1, 4, 2, 5):
            start = feed.drawn
            waits.clear()
            assert labels(feed, n) == unbroken[start : start + n]
            assert waits == [("computing", "copying"), ("copying", "computing")]
            assert len(feed._ahead) >= n
        feed.drawn = 30
        assert labels(feed, 2) == unbroken[30:32]
        feed.close()
        assert labels(feed, 2) == unbroken[32:34]


@pytest.mark.gpu
@pytest.mark.parametrize("n", [1, 3])
def test_on_cuda_both_feeds_give_the_same_batches_without_waiting_for_the_device(n):
    cuda = torch.device("cuda")
    with (
        feeding(numbered(300), 64, resident=True, device=CPU) as here,
        feeding(numbered(300), 64, resident=True, device=cuda) as resident,
        feeding(numbered(300), 64, resident=False, device=cuda) as streaming,
    ):
        expected = labels(here, 9)
        pairs = []
        torch.cuda.set_sync_debug_mode("error")
        try:
            for _ in range(9 // n):
                resident.stage(n)
                streaming.stage(n)
                torch.cuda._sleep(10_000_000)  # the copies of the next batches overtake this
                pairs += [(resident.draw(), streaming.draw()) for _ in range(n)]
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert [ours["label"].tolist() for ours, _ in pairs] == expected
        for ours, theirs in pairs:
            assert torch.equal(ours["label"], theirs["label"])
            assert torch.equal(ours["image"], theirs["image"])
            assert ours["image"].is_cuda
            assert ours["image"].abs().max() <= 1


@pytest.mark.gpu
@pytest.mark.parametrize("resident", [True, False])
def test_on_cuda_draws_are_captured_as_a_graph_which_follows_each_stage(resident):
    cuda = torch.device("cuda")
    with (
        feeding(numbered(23), 4, resident=True) as here,
        feeding(numbered(23), 4, resident=resident, device=cuda) as feed,
    ):
        expected = labels(here, 24)
        assert labels(feed, 3) == expected[:3]  # warms up
        feed.stage(3)
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            batches = [feed.draw() for _ in range(3)]
        # What was captured is not drawn, so it can be drawn after all.
        assert [feed.draw()["label"].tolist() for _ in range(3)] == expected[3:6]
        for k in range(6, 24, 3):
            feed.stage(3)
            graph.replay()
            assert [batch["label"].tolist() for batch in batches] == expected[k : k + 3]


@pytest.mark.gpu
def test_on_cuda_a_replayed_graph_augments_anew():
    cuda = torch.device("cuda")
    with feeding(pictures(8), 8, resident=True, device=cuda, flip=True, crop=2) as feed:
        feed.draw()
        feed.stage(1)
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            image = feed.draw()["image"]
        seen = []
        for _ in range(2):
            feed.drawn = 0
            feed.stage(1)
            graph.replay()
            seen.append(image.clone())
        assert not torch.equal(*seen)


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
