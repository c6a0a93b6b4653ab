"""Feeds on a CUDA device: without waiting for it, and inside of captured graphs."""

import pytest
import torch
from helpers.data.feeding import CPU, feeding, labels, numbered, pictures


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
