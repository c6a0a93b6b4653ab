"""Work taken down as CUDA graphs, of which one that fails leaves nothing behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import torch

from ganzoo.engine.modes.capture import raising_line

T = TypeVar("T")
_FAILED: list[torch.cuda.CUDAGraph] = []
"""Kept for good: torch's allocator of pinned memory goes on asking them about each stream, and
those that cannot be destroyed would end the process if they were dropped."""


class Unrecordable(Exception):
    """Work that cannot be a graph; its text says why."""


class Recording:
    """A stream on which work is warmed up and taken down, as graphs that share their memory.

    What a graph makes is dead when its launch is over: all that lasts (weights, what optimizers
    know, averages, buffers, metrics) has been there before. So graphs that are launched one after
    the other, in whatever order, can use the same memory, and need as much as the largest of them.

    Args:
        device: a CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def warm_up(self, work: Callable[[], T]) -> T:
        """Do the work, on the stream on which it will be taken down."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = work()
        current.wait_stream(self._stream)
        return result

    def graph_of(self, work: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """The work as a graph; none of it is done.

        Raises:
            Unrecordable: it does what a graph cannot.
        """
        graph = torch.cuda.CUDAGraph()
        said: str | None = None
        try:
            with self._into(graph):
                try:
                    work()
                except Exception as error:  # the one that ends the capture hides it
                    said = _sentence(error)
                if said is not None:  # and the error is gone, with the tensors in its frames
                    raise Unrecordable(said)
        except Exception as error:
            self._forget(graph)
            raise Unrecordable(said or _sentence(error)) from error
        return graph

    @contextmanager
    def _into(self, graph: torch.cuda.CUDAGraph) -> Iterator[None]:
        capture = torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        )
        # The outer block puts the stream back, which torch leaves out where a capture fails.
        with torch.cuda.stream(self._stream), _no_garbage_collection(), capture:
            yield

    def _forget(self, graph: torch.cuda.CUDAGraph) -> None:
        """End what a capture has begun and, as it failed, not ended.

        The generator of torch 2.11 still takes itself to be captured, and raises when somebody
        draws: a capture that succeeds ends that. The memory's allocator waits for an end likewise.

        Where no work of CUDA's has failed, but a line of Python, the capture has ended: there is a
        graph, which is destroyed and by that gives up its memory. To give that up twice would take
        it from the graphs that share it.
        """
        _FAILED.append(graph)
        torch.cuda.synchronize(self._device)
        graph.reset()
        with suppress(RuntimeError):  # of a capture that has ended
            torch._C._cuda_endAllocateToPool(self._stream.device_index, self._pool)
            torch._C._cuda_releasePool(self._stream.device_index, self._pool)
        self._pool = torch.cuda.graph_pool_handle()
        with self._into(torch.cuda.CUDAGraph()):
            torch.zeros(1, device=self._device)


def destroy(graph: torch.cuda.CUDAGraph) -> None:
    """Have a graph give up its memory; on a device that is broken it cannot, and is left."""
    try:
        graph.reset()
    except RuntimeError:  # whatever broke the device is being raised already, and says more
        _FAILED.append(graph)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A block in which no graph is destroyed by chance, which torch 2.11 cannot while it captures.

    Nobody else collects garbage before a capture either, which may hold the memory it needs.
    """
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sentence(error: Exception) -> str:
    """The first line of what an error says, and the line of the variant's that led to it."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    line = raising_line(error)
    return said if line is None else f"{line}: {said}"
