"""Iterations on tensors that only say that they lie on a CUDA device, for machines that have none.

They have shapes, types and devices, but no values (torch's FakeTensorMode); calls of `torch.cuda`
from the host do nothing, and a recorder stands in for a CUDA graph. So everything that the host
does for a GPU is done, and found are: operations on tensors of two devices, what reads a tensor on
the host, what the fused optimizers would misread, results that are not on the device, and what a
replay would use after it has died. There is no backward pass, as torch's needs the device itself:
gradients are tensors of the right shapes.

Many cases in one process have corrupted its memory: `play_all` forks for each.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
import torch.utils.checkpoint
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo.config import build, own_settings
from ganzoo.data.feed import first_samples, make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.capture import calling_line
from ganzoo.engine.modes.execution import Execution
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from helpers.engine.tapes import Recorder
from helpers.zoo import samples_for, smaller

CUDA = torch.device("cuda")
WAYS = {
    "graph": Execution("graph", kept=5),
    "bf16 in parts, recomputed": Execution("graph", "bf16", accumulate=2, recompute=True, kept=5),
}
"""Each runs eagerly until it is captured."""


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


class Devices(TorchDispatchMode):
    """Takes down operations on tensors of two devices that the engine has not meant."""

    def __init__(self) -> None:
        super().__init__()
        self.mixed: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        devices = {tensor.device.type for tensor in tensors((args, kwargs, out))}
        meant = func.name() == "aten::copy_" and args[2:] == (True,)  # non-blocking: it is staged
        if len(devices) > 1 and not meant:
            self.mixed.append(f"{calling_line()} ({func.name()})")
        return out


class FakeGraphs:
    """As much of `torch.cuda` as a captured training needs."""

    def __init__(self) -> None:
        self.capturing: Recorder | None = None

    @contextmanager
    def graph(self, recorder: Recorder, **_: Any) -> Iterator[None]:
        self.capturing = recorder
        try:
            with recorder:
                yield
        finally:
            self.capturing = None

    def random_state(self, *_: Any) -> Tensor:
        if self.capturing:
            raise RuntimeError("Cannot call CUDAGeneratorImpl::current_seed during CUDA graph")
        return torch.zeros(16, dtype=torch.uint8)

    def set_random_state(self, *_: Any) -> None:
        self.random_state()

    def fused_step(
        self, params: Sequence[Tensor], grads: Sequence[Tensor], *lists: Any, lr: Tensor, **_: Any
    ) -> None:
        """In the place of a fused optimizer's kernel: looks at what it is given."""
        assert lr.is_cuda, "the learning rate is not on the device"
        assert lr.dtype == torch.float32
        assert not lr.dim()
        for param, grad in zip(params, grads, strict=True):
            assert param.is_cuda
            assert grad.is_cuda
            assert (param.shape, param.stride()) == (grad.shape, grad.stride())
        assert all(tensor.is_cuda for tensor in tensors(lists))
        if self.capturing:
            self.capturing.see("a fused step", (params, grads, lists, lr))


def _gradients(outputs: Tensor, inputs: Any, *_: Any, **__: Any) -> tuple[Tensor, ...]:
    assert outputs.is_cuda
    return tuple(torch.empty_like(one) for one in tensors(inputs))


def _to(module: nn.Module, device: torch.device) -> nn.Module:
    """As `Module.to`, which would swap tensors in place; a shared parameter stays shared."""
    moved: dict[nn.Parameter, nn.Parameter] = {}
    for part in module.modules():
        for name, param in part._parameters.items():
            if param is not None:
                there = nn.Parameter(param.detach().to(device), param.requires_grad)
                part._parameters[name] = moved.setdefault(param, there)
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = buffer.to(device)
    return module


def _stream(*_: Any, **__: Any) -> Any:
    return SimpleNamespace(wait_stream=lambda other: None, device_index=0)


@contextmanager
def fake_cuda() -> Iterator[FakeGraphs]:
    """A block in which tensors can be made on ``cuda``, without values."""
    fake = FakeGraphs()
    random = {"get_rng_state": fake.random_state, "set_rng_state": fake.set_random_state}
    module = SimpleNamespace(_initialized=True, device=lambda _: nullcontext(), **random)
    cuda = {
        "is_current_stream_capturing": lambda: fake.capturing is not None,
        "Stream": _stream,
        "current_stream": _stream,
        "stream": lambda *_: nullcontext(),
        "synchronize": lambda *_: None,
        "mem_get_info": lambda *_: (1 << 34, 1 << 35),
        "graph_pool_handle": lambda: (0, 1),
        "CUDAGraph": Recorder,
        "graph": fake.graph,
        **random,
    }
    patches = [(torch.cuda, name, value) for name, value in cuda.items()]
    patches += [
        (torch._C, "_cuda_endAllocateToPool", lambda *_: None),
        (torch._C, "_cuda_releasePool", lambda *_: None),
        (torch.utils.checkpoint, "_get_device_module", lambda *_: module),
        (torch.autograd, "grad", _gradients),
        (nn.Module, "to", _to),
        (Tensor, "pin_memory", lambda tensor, *_: tensor),
        (torch, "_fused_adam_", fake.fused_step),
        (torch, "_fused_adamw_", fake.fused_step),
        (torch, "_fused_sgd_", fake.fused_step),
    ]
    with ExitStack() as stack:
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        for target, name, value in patches:
            stack.enter_context(mock.patch.object(target, name, value))
        yield fake


HOSTS = {"rng.cpu", "rng.cuda", "iteration", "feed.drawn", "images"}
"""What a state has on the CPU."""


def play(name: str, execution: Execution, steps: int = 5, **settings: Any) -> list[str]:
    """So many iterations of a variant, and what is drawn from it.

    Returns:
        What was reported, and the operations on tensors of two devices.
    """
    registered = registry().variant(name)
    cls = registered.load()
    dataset = samples_for(registered.spec)
    suited = own_settings(
        cls.Config, cls.recipe(dataset.spec) | smaller(cls) | {"n_critic": 2} | settings
    )
    variant = cls(equipped(build(cls.Config, suited)), dataset.spec)
    streams, found = variant.streams(dataset), list[str]()
    with fake_cuda():
        feed = make_feed(dataset, 4, device=CUDA, seed=0, streams=streams)
        engine = Engine(variant.to(CUDA), feed, 1000, execution, found.append)
        engine.iteration = 101
        with Devices() as devices:
            for _ in range(steps):
                metrics = engine.step()
        if not found:
            assert any(engine._run._captured.values()), "nothing is captured"
        for key, value in metrics.items():
            assert value.is_cuda, key
            assert not value.dim(), key
        for key, value in engine.state().items():
            assert value.is_cuda or key in HOSTS or key.startswith("frozen."), key
        with engine.averaged() as averaged:
            gallery = averaged.gallery(first_samples(streams, 20, CUDA))
            assert all(tensor.is_cuda for tensor in tensors(getattr(gallery, "images", gallery)))
    return found + devices.mixed


REFUSED = 3
"""The exit status of a process that has found that a variant cannot be recomputed."""


def play_all(name: str, settings: dict[str, str]) -> None:
    """Play in each way, in a process of its own, and print what was found.

    One that cannot be recomputed says so, and is played without.
    """
    for way, execution in WAYS.items():
        if play_apart(name, way, execution, settings) == REFUSED:
            play_apart(name, way, replace(execution, recompute=False), settings)


def play_apart(name: str, way: str, execution: Execution, settings: dict[str, str]) -> int:
    """Play in one way in a process of its own, and print what was found; its exit status."""
    if os.fork():
        return os.waitstatus_to_exitcode(os.wait()[1])
    status = 0
    with warnings.catch_warnings(action="ignore"):
        try:
            said = "; ".join(dict.fromkeys(play(name, execution, **settings))) or "in order"
            if ": --recompute computes layers twice that draw" in said:
                status = REFUSED
        except Exception as error:
            said = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    print(f"{name} {way}: {said}", flush=True)
    os._exit(status)
