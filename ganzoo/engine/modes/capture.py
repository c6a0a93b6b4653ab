"""What keeps an iteration from being captured, found on any device by watching its operations."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules import _functions as sync_batch_norm
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo.draws import drawing_apart
from ganzoo.engine.iterate import Gradients, take_gradients
from ganzoo.variant import Batch, Phase, Variant

_TORCH = str(Path(torch.__file__).parent)
_HERE = str(Path(__file__).parents[1])
_READS = "reads a tensor on the host"
_COPIES = "copies numbers from the host (keep them in a buffer, or use torch.full)"
_VARIES = "makes a tensor whose size depends on data"
_REASONS = {
    "aten::_local_scalar_dense": _READS,
    "aten::equal": _READS,
    "aten::nonzero": _VARIES,
    "aten::masked_select": _VARIES,
    "aten::unique_dim": _VARIES,
    "aten::_unique2": _VARIES,
    "aten::repeat_interleave.Tensor": _VARIES,
}
_LEAVE_TORCH = (
    *(Tensor.tolist, Tensor.numpy, Tensor.__array__, Tensor.__dlpack__),
    *(Tensor.cpu, Tensor.pin_memory),
)
"""On a CPU these are no operations."""
_FROM_NUMBERS = (torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor)
_TO_DEVICE = (Tensor.to, Tensor.cuda)
_UNCAPTURED = sync_batch_norm.__file__
"""It indexes by a mask, but where it is captured."""


@dataclass(frozen=True)
class Line:
    """A line of somebody's code."""

    file: str
    number: int

    def __str__(self) -> str:
        if self == BACKWARD_PASS:
            return self.file
        code = linecache.getline(self.file, self.number).strip()
        return f"{Path(self.file).name}:{self.number}: `{code}`"


BACKWARD_PASS = Line("the backward pass", 0)
"""Of no line: autograd's own threads run it on CUDA, which nobody's code has called."""


@dataclass(frozen=True)
class Operation:
    """One operation as it was called: its name, the shapes and all that is no tensor."""

    name: str
    arguments: tuple[object, ...]
    where: Line
    """The variant's line that called it, or `BACKWARD_PASS`."""

    def same_as(self, other: Operation) -> bool:
        """Whether a replay of the one would be the other."""
        return (self.name, self.arguments) == (other.name, other.arguments)


@dataclass
class Watched:
    """What was seen of one phase in one iteration."""

    operations: list[Operation] = field(default_factory=list)
    host_reads: list[str] = field(default_factory=list)
    """A sentence each: where, and what it does."""


class _Functions(TorchFunctionMode):
    """Sees what is no operation on a CPU, where tensors lie in the host's memory.

    And knows when `one_hot` is running, which looks at its labels on a CPU, and only there.
    """

    def __init__(self, seen: Watched) -> None:
        super().__init__()
        self.in_one_hot = False
        self._seen = seen
        self._numbers: list[Tensor] = []
        """0-d tensors on the CPU, which may be used on any device, but not be brought there."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one function of torch."""
        kwargs = kwargs or {}
        if func in _LEAVE_TORCH:
            self._seen.host_reads.append(f"{calling_line()} {_READS}")
        if func in _TO_DEVICE and any(args[0] is number for number in self._numbers):
            self._seen.host_reads.append(f"{calling_line()} {_COPIES}")
        self.in_one_hot = func is torch.nn.functional.one_hot
        try:
            result = func(*args, **kwargs)
        finally:
            self.in_one_hot = False
        if func in _FROM_NUMBERS and not result.dim() and not _is_tensor(*args[-1:]):
            if kwargs.get("device") is not None or func is Tensor.new_tensor:
                self._seen.host_reads.append(f"{calling_line()} {_COPIES}")
            self._numbers.append(result)
        return result


def _is_tensor(data: Any = None) -> bool:
    return isinstance(data, Tensor)


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Runs everything as usual, and takes down what is run."""

    def __init__(self, seen: Watched) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen = seen
        self._functions = _Functions(seen)

    def __enter__(self) -> Self:
        self._functions.__enter__()  # type: ignore[no-untyped-call]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self._functions.__exit__(*error)  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Take down one operation and run it."""
        kwargs = kwargs or {}
        where = calling_line()
        name = func.name()
        arguments = tuple(
            (leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf
            for leaf in tree_leaves((args, kwargs))
            if not isinstance(leaf, torch.Generator)
        )
        if name == "aten::lift_fresh" and args[0].device.type == "cpu":  # of torch.tensor(numbers)
            with torch._C.DisableTorchFunction():
                arguments += (repr(args[0].tolist()),)
        self.seen.operations.append(Operation(name, arguments, where))
        reason = _reason(name, args, kwargs)
        if reason and not self._functions.in_one_hot and not _is_within(_UNCAPTURED):
            self.seen.host_reads.append(f"{where} {reason}")
        return func(*args, **kwargs)


def _reason(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """What an operation does that a captured one cannot, if it does."""
    if name.startswith("aten::index"):
        indices = [leaf for leaf in tree_leaves(args[1:2]) if isinstance(leaf, Tensor)]
        if any(index.dtype in (torch.bool, torch.uint8) for index in indices):
            return "indexes by a mask, so that the size of the result depends on data"
        return _crossing(*(index.device for index in indices), args[0].device)
    if name == "aten::lift_fresh" and (args[0].dim() or args[0].device.type != "cpu"):
        return _COPIES
    if name == "aten::_to_copy":
        return _crossing(args[0].device, torch.device(kwargs.get("device") or args[0].device))
    if name == "aten::copy_":
        return _crossing(args[1].device, args[0].device)
    return _REASONS.get(name)


def _crossing(*way: torch.device) -> str | None:
    """What it is to bring tensors from some devices to the last one."""
    *sources, target = (device.type == "cpu" for device in way)
    if all(source == target for source in sources):
        return None
    return _READS if target else _COPIES


def calling_line() -> Line:
    """The innermost line that is neither torch's nor the engine's."""
    frame = sys._getframe(1).f_back  # None: autograd's thread has called whoever asks
    while frame is not None and frame.f_code is not take_gradients.__code__:
        if _is_somebodys(frame.f_code):
            return Line(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return BACKWARD_PASS


def raising_line(error: BaseException) -> Line | None:
    """The innermost such line that an error comes from; None: there is none."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if _is_somebodys(trace.tb_frame.f_code):
            line = Line(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return line


def _is_somebodys(code: CodeType) -> bool:
    return not code.co_filename.startswith((_TORCH, _HERE, "<"))


def _is_within(file: str) -> bool:
    """Whether a function of that file is being run."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != file:
        frame = frame.f_back
    return frame is not None


class CaptureCheck:
    """Watches the phases of an iteration's first two runs, and says what forbids its capture.

    Two runs of one plan must be the same operations: a number that differs between them was
    computed on the host, and a captured graph would repeat it for good.
    """

    def __init__(self) -> None:
        self._runs: list[dict[str, Watched]] = []

    def begin(self) -> None:
        """Another run of the iteration starts."""
        self._runs.append({})

    def watching(self, gradients: Gradients) -> Gradients:
        """The same gradients; what computes them counts as an operation of the phase."""

        def watched(
            phase: Phase, params: Sequence[nn.Parameter], batch: Batch
        ) -> tuple[Tensor, list[Tensor | None]]:
            with self.watch(phase.name):
                return gradients(phase, params, batch)

        return watched

    def rehearsing(self, rehearsed: Gradients, gradients: Gradients, variant: Variant) -> Gradients:
        """The same gradients, each after a rehearsal in another way, which is watched instead.

        Compiled code cannot be watched; and who watched other code would get other last bits.
        """
        watched = self.watching(rehearsed)

        def both(
            phase: Phase, params: Sequence[nn.Parameter], batch: Batch
        ) -> tuple[Tensor, list[Tensor | None]]:
            copied = replace(batch, shared={**batch.shared}, metrics={**batch.metrics})
            with _leaving_no_trace(variant):
                watched(phase, params, copied)
            return gradients(phase, params, batch)

        return both

    def watch(self, phase: str) -> Watch:
        """Count what runs in the block as of the phase."""
        return Watch(self._runs[-1].setdefault(phase, Watched()))

    @property
    def complete(self) -> bool:
        """Whether two runs have been seen."""
        return len(self._runs) >= 2

    def obstacle(self) -> str | None:
        """The first thing that forbids capture, as a sentence, or None."""
        for run in self._runs:
            for phase, seen in run.items():
                if seen.host_reads:
                    return f"phase '{phase}': {seen.host_reads[0]}"
        for before, after in zip(self._runs, self._runs[1:], strict=False):
            for phase, seen in after.items():
                difference = _difference(before[phase].operations, seen.operations)
                if difference is not None:
                    return f"phase '{phase}': {difference}"
        return None


@contextmanager
def _leaving_no_trace(variant: Variant) -> Iterator[None]:
    """A block after which buffers are what they were, and the same random numbers are drawn."""
    before = [(buffer, buffer.clone()) for buffer in variant.buffers()]
    with drawing_apart(variant.device):
        yield
    with torch.no_grad():
        for buffer, value in before:
            buffer.copy_(value)


def _difference(before: Sequence[Operation], after: Sequence[Operation]) -> str | None:
    for one, other in zip(before, after, strict=False):
        if not one.same_as(other):
            return (
                f"{other.where} is not the same at every iteration, although its plan is: what "
                "changes must be a device tensor"
            )
    if len(before) != len(after):
        longer = max(before, after, key=len)[min(len(before), len(after))]
        return f"{longer.where} runs at some iterations only, although their plan is the same"
    return None
