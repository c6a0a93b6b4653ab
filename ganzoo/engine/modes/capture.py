"""What keeps an iteration from being captured, found on any device by watching its operations."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganzoo.engine.iterate import Gradients
from ganzoo.variant import Batch, Phase

_TORCH = str(Path(torch.__file__).parent)
_HERE = str(Path(__file__).parents[1])
_READS = {
    "aten::_local_scalar_dense": "reads a tensor on the host",
    "aten::nonzero": "makes a tensor whose size depends on data",
    "aten::masked_select": "makes a tensor whose size depends on data",
    "aten::unique_dim": "makes a tensor whose size depends on data",
    "aten::_unique2": "makes a tensor whose size depends on data",
    "aten::repeat_interleave.Tensor": "makes a tensor whose size depends on data",
    "aten::equal": "reads a tensor on the host",
}
_LEAVE_TORCH = (
    *(Tensor.tolist, Tensor.numpy, Tensor.__array__, Tensor.__dlpack__),
    *(Tensor.cpu, Tensor.pin_memory),
)
"""On a CPU these are no operations."""


@dataclass(frozen=True)
class Line:
    """A line of somebody's code."""

    file: str
    number: int

    def __str__(self) -> str:
        code = linecache.getline(self.file, self.number).strip()
        return f"{Path(self.file).name}:{self.number}: `{code}`"


@dataclass(frozen=True)
class Operation:
    """One operation as it was called: its name, the shapes and all that is no tensor."""

    name: str
    arguments: tuple[object, ...]
    where: Line
    """The variant's line that called it."""

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

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one function of torch."""
        if func in _LEAVE_TORCH:
            self._seen.host_reads.append(f"{calling_line()} reads a tensor on the host")
        self.in_one_hot = func is torch.nn.functional.one_hot
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.in_one_hot = False


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
        leaves = tree_leaves((args, kwargs or {}))
        where = calling_line()
        name = func.name()
        arguments = tuple(
            (leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf
            for leaf in leaves
            if not isinstance(leaf, torch.Generator)
        )
        if name == "aten::lift_fresh" and args[0].device.type == "cpu":  # of torch.tensor(numbers)
            with torch._C.DisableTorchFunction():
                arguments += (repr(args[0].tolist()),)
        self.seen.operations.append(Operation(name, arguments, where))
        reason = None if self._functions.in_one_hot else _READS.get(name)
        if name.startswith("aten::index") and any(
            isinstance(leaf, Tensor) and leaf.dtype in (torch.bool, torch.uint8)
            for leaf in tree_leaves(args[1:2])
        ):
            reason = "indexes by a mask, so that the size of the result depends on data"
        if name == "aten::_to_copy" and _leaves_device(args[0], kwargs or {}):
            reason = "reads a tensor on the host"
        if reason is not None:
            self.seen.host_reads.append(f"{where} {reason}")
        return func(*args, **(kwargs or {}))


def _leaves_device(tensor: Tensor, kwargs: Mapping[str, Any]) -> bool:
    device = kwargs.get("device")
    return tensor.device.type != "cpu" and device is not None and torch.device(device).type == "cpu"


def calling_line() -> Line:
    """The innermost line that is neither torch's nor the engine's."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if not frame.f_code.co_filename.startswith((_TORCH, _HERE, "<")):
            return Line(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return Line("torch", 0)


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
