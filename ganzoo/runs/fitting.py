"""Networks that a checkpoint can fill: a stranger's settings may ask for any."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from ganzoo.errors import GanzooError

_TIMES = 100
"""How many times as large as its checkpoint a variant may be: the best has G's weights alone."""
_BESIDES = 8 * 10**8
"""Bytes of frozen networks, which no checkpoint holds."""


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
