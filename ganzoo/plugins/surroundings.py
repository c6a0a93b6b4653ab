"""What all of a program shares, and an import of a plugin leaves as it was.

Where a plugin goes to another folder, relative paths of the user's would be taken for others
afterwards; where it sets torch's defaults, other plugins' networks would be others.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def unchanged() -> Iterator[None]:
    """Have the same folder, umask, way to start processes and defaults of torch afterwards."""
    with _folder(), _umask(), _start_method(), _defaults_of_torch():
        yield


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    before = None
    with contextlib.suppress(OSError):  # the folder is gone
        before = Path.cwd()
    try:
        yield
    finally:
        if before is not None:
            with contextlib.suppress(OSError):  # or it is now
                os.chdir(before)


@contextlib.contextmanager
def _umask() -> Iterator[None]:
    before = os.umask(0o077)  # the only way to ask for it
    os.umask(before)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def _start_method() -> Iterator[None]:
    asked = sys.modules.get("multiprocessing")
    before = asked.get_start_method(allow_none=True) if asked else None
    try:
        yield
    finally:
        if asked := sys.modules.get("multiprocessing"):
            asked.set_start_method(before, force=True)


@contextlib.contextmanager
def _defaults_of_torch() -> Iterator[None]:
    """Those of numbers, devices and gradients: where torch is imported here, its own."""
    there = _torch()
    before = _asked(there) if there else None
    try:
        yield
    finally:
        if torch := _torch():
            number, device, gradients = before or (torch.float32, torch.device("cpu"), True)
            torch.set_default_dtype(number)
            torch.set_grad_enabled(gradients)
            if torch.get_default_device() != device:  # to name the usual one makes torch slower
                torch.set_default_device(None if device.type == "cpu" else device)


def _torch() -> ModuleType | None:
    """Where it is imported, and not just half of it, as by a thread that is still at it."""
    found = sys.modules.get("torch")
    return found if hasattr(found, "get_default_device") and hasattr(found, "float32") else None


def _asked(torch: ModuleType) -> tuple[Any, Any, bool]:
    return torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
