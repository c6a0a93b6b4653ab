"""Tapes in the place of CUDA graphs, for a machine without a CUDA device.

A tape does what a graph does: it takes down every operation with its addresses and its numbers, and
runs them again without the host.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[Any, Any, Any]] = []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.is_mutable or "batch_norm" in func.name():
            for place in tree_leaves(args):
                if isinstance(place, Tensor):
                    self._before.setdefault(place.data_ptr(), (place, place.clone()))
        out = func(*args, **(kwargs or {}))
        self._calls.append((func, (args, kwargs or {}), out))
        return out

    def take_back(self) -> None:
        """What was changed while it recorded: a real capture runs nothing."""
        with torch.no_grad():
            for place, value in self._before.values():
                place.copy_(value)

    def reset(self) -> None:
        self._calls.clear()

    def replay(self) -> None:
        """Run all again, each result to where it was: views of it are up to date at once."""
        with torch.no_grad():
            for func, (args, kwargs), out in self._calls:
                schema = func._schema
                if schema.is_mutable:
                    func(*args, **kwargs)
                elif not any(result.alias_info for result in schema.returns):
                    again = func(*args, **kwargs)
                    for place, value in zip(tree_leaves(out), tree_leaves(again), strict=True):
                        if isinstance(place, Tensor):
                            place.copy_(value)


class Recorder(TorchDispatchMode):
    """What a graph knows: addresses. Memory that it uses and did not get itself must live on."""

    def __init__(self) -> None:
        super().__init__()
        self._own: dict[int, Any] = {}
        self._others: dict[int, tuple[StorageWeakRef, str]] = {}
        self.operations = 0

    def see(self, operation: str, tree: Any) -> None:
        """Take down the tensors that an operation is given."""
        for leaf in tree_leaves(tree):
            if isinstance(leaf, Tensor):
                memory = leaf.untyped_storage()
                if memory._cdata not in self._own and memory._cdata not in self._others:
                    what = f"{leaf.dtype} {tuple(leaf.shape)}, which {operation} is given"
                    self._others[memory._cdata] = StorageWeakRef(memory), what

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.name() != "aten::lift_fresh":  # a number of the host's, which a graph takes down
            self.see(func.name(), (args, kwargs))
        self.operations += 1
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor) and leaf.untyped_storage()._cdata not in self._others:
                self._own[leaf.untyped_storage()._cdata] = leaf.untyped_storage()
        return out

    def take_back(self) -> None:
        """Nothing: what was recorded has been run once too often."""

    def reset(self) -> None:
        self._own.clear()
        self._others.clear()

    def replay(self) -> None:
        """Run nothing, but fail where a graph would use memory that somebody else may have now."""
        dead = [what for reference, what in self._others.values() if reference.expired()]
        assert not dead, f"a replay uses dead tensors: {'; '.join(dead)}"


class FakeCuda:
    """As much of `torch.cuda` as the engine needs to capture, with tapes on the CPU."""

    captures = 0
    capturing = False

    def __init__(self, graph: type[Tape] | type[Recorder] = Tape) -> None:
        self.CUDAGraph = graph

    @contextmanager
    def graph(self, tape: Tape | Recorder, **_: Any) -> Iterator[None]:
        self.captures += 1
        self.capturing = True
        random = torch.get_rng_state()
        try:
            with tape:
                yield
        finally:  # a capture that fails has run nothing either
            self.capturing = False
            tape.take_back()
            torch.set_rng_state(random)

    def Stream(self, _: Any) -> Any:
        return SimpleNamespace(wait_stream=lambda other: None, device_index=0)

    current_stream = Stream

    def stream(self, _: Any) -> Any:
        return nullcontext()

    def synchronize(self, _: Any) -> None:
        pass

    def graph_pool_handle(self) -> Any:
        return None


class TapingTorch:
    """`torch`, but for its CUDA: for the modules that capture graphs, `graph` and `recording`."""

    def __init__(self, graph: type[Tape] | type[Recorder] = Tape) -> None:
        self.cuda = FakeCuda(graph)
        names = ("_cuda_endAllocateToPool", "_cuda_releasePool")
        self._C = SimpleNamespace(**dict.fromkeys(names, lambda *_: None))

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)
