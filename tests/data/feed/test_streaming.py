"""Streaming: its processes, how they end, and the copies ahead of the device."""

import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import nullcontext, suppress

import torch
from helpers.data.feeding import feeding, labels, numbered
from helpers.places import ROOT


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
        cwd=ROOT,
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
