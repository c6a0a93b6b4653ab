"""How much memory there is, and how not to take more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

_MEMINFO, _STATUS = Path("/proc/meminfo"), Path("/proc/self/status")
_CGROUP = Path("/sys/fs/cgroup")


def free_memory(device: torch.device | None = None) -> int | None:
    """Bytes that can be had on a CUDA device, or else by this process; None: it is not known."""
    if device is not None and device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    available = _kilobytes(_MEMINFO, "MemAvailable")
    if available is None:
        return None
    own = _kilobytes(_STATUS, "VmRSS") or 0
    with suppress(OSError, ValueError):  # a container may have less than the machine
        limit, used = (
            int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current")
        )
        available = min(available, max(0, limit - used))
    return available + own


@contextmanager
def limited_memory() -> Iterator[None]:
    """A block in which what does not fit into memory is an error, and not the end of the process.

    On other systems than Linux, and where CUDA is, which maps more than there is, nothing is done.
    """
    free, mapped = free_memory(), _kilobytes(_STATUS, "VmSize")
    if not sys.platform.startswith("linux") or free is None or mapped is None:
        yield
        return
    if torch.cuda.is_available():
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = mapped + free
    if soft != resource.RLIM_INFINITY:
        most = min(most, soft)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _kilobytes(path: Path, name: str) -> int | None:
    """A line such as ``MemAvailable:  123 kB`` in bytes."""
    with suppress(OSError, ValueError, IndexError):
        for line in path.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024 * int(line.split()[1])
    return None
