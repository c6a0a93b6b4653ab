"""Networks and the checkpoint that fills them: either may be anything, in a stranger's run."""

import threading
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from ganzoo.errors import GanzooError, typed

_TIMES = 100
"""How many times as large as its checkpoint a variant may be: the best has G's weights alone."""
_BESIDES = 8 * 10**8
"""Bytes of frozen networks, which no checkpoint holds."""
_SHOWN = 100
"""Letters of what a file says."""


@contextmanager
def no_larger_than(checkpoint: Path) -> Iterator[None]:
    """A block in which networks are built that a checkpoint is to fill.

    Raises:
        GanzooError: they are far larger; most of their memory has not been touched.
    """
    stored = sum(file.stat().st_size for file in checkpoint.glob("*.safetensors"))
    room, thread = _TIMES * stored + _BESIDES, threading.get_ident()

    def count(module: nn.Module, name: str, tensor: Tensor | None) -> None:
        nonlocal room
        if tensor is None or threading.get_ident() != thread:
            return
        room -= tensor.numel() * tensor.element_size()
        if room < 0:
            raise GanzooError(
                f"the settings of {checkpoint.parents[1]} ask for networks that its checkpoints "
                "cannot fill: its run.json is not what it was trained with"
            )

    hooks = (
        register_module_parameter_registration_hook(count),
        register_module_buffer_registration_hook(count),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def check_fit(
    file: Path, expected: Mapping[str, Tensor], found: Mapping[str, Tensor], aside: Set[str]
) -> None:
    """Refuse tensors whose names, shapes or types are others.

    Args:
        file: where they were found.
        expected: by name.
        found: by name.
        aside: names that are not looked at.

    Raises:
        GanzooError: one is another.
    """
    for name in sorted((expected.keys() | found.keys()) - aside):
        one, other = expected.get(name), found.get(name)
        tell = _shape if one is None or other is None or one.shape != other.shape else _type
        here, there = tell(one), tell(other)
        if here != there:
            raise GanzooError(
                f"{file} does not fit the variant: '{short(name)}' is {short(there)} in the file "
                f"and {short(here)} in the network that run.json describes"
            )


def short(text: str) -> str:
    """The beginning of a text that may be of any length."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _shape(tensor: Tensor | None) -> str:
    return "no such tensor" if tensor is None else str(tuple(tensor.shape))


def _type(tensor: Tensor | None) -> str:
    return "no such tensor" if tensor is None else f"of {tensor.dtype}"


def damaged(file: Path, reason: str, others: Sequence[int], *, needed: bool) -> GanzooError:
    """The error that says so.

    Args:
        file: the part, in the checkpoint's folder.
        reason: why it counts as damaged.
        others: the steps of the run's other checkpoints.
        needed: whether a training cannot go on without it.
    """
    if not needed:
        run = typed(file.parent.parent.parent)
        return GanzooError(
            f"{file} is damaged ({reason}): `ganzoo train --resume {run} --steps MORE` still goes "
            "on, and writes new ones"
        )
    advice = (
        f"delete {file.parent} to go on from step {others[-1]}"
        if others
        else "the run has no other checkpoint and must be trained again"
    )
    return GanzooError(f"{file} is damaged ({reason}): {advice}")
