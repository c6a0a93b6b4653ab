"""How many cores there are for a process, which needs no torch."""

import os
from pathlib import Path


def usable_cores() -> int:
    """How many cores this process may keep busy."""
    here = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    return max(1, min(len(here), quota()))


def quota() -> int:
    """How many cores' time the control group of this process may use; many where it is not said."""
    try:
        group = next(
            line.removeprefix("0::")
            for line in Path("/proc/self/cgroup").read_text().splitlines()
            if line.startswith("0::")
        )
        most, period = Path(f"/sys/fs/cgroup{group}/cpu.max").read_text().split()
        return max(1, int(most) // int(period))
    except (OSError, ValueError, StopIteration):  # not version 2, or "max"
        return os.cpu_count() or 1
