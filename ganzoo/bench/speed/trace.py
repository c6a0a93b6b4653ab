"""What a trace of torch's profiler says: how long the device had something to do."""

from __future__ import annotations

import gzip
import json
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

from ganzoo.artifacts.files import replacing

DEVICE_WORK = ("kernel", "gpu_memcpy", "gpu_memset")
"""Categories of a Chrome trace; annotations of the host are mirrored there under other ones."""


def write_trace(run: Callable[[], object], path: Path, activities: list[ProfilerActivity]) -> None:
    """Write a Chrome trace of what `run` does and waits for."""
    with profile(activities=activities) as prof:
        run()
    with replacing(path) as temporary:
        prof.export_chrome_trace(str(temporary))


def is_trace(path: Path) -> bool:
    """Whether a file is one that `write_trace` has written."""
    if not path.is_file():
        return False
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return b'"schemaVersion"' in file.read(200)
    except (OSError, EOFError, zlib.error):
        return False


def device_seconds(run: Callable[[], object]) -> float:
    """Seconds in which the CUDA device works while `run` runs, however long the host takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        write_trace(run, path, [ProfilerActivity.CUDA])
        return busy_seconds(json.loads(path.read_text()))


def busy_seconds(trace: dict[str, Any]) -> float:
    """Seconds in which at least one kernel or copy of a Chrome trace runs."""
    spans = sorted(
        (float(event["ts"]), float(event["ts"]) + float(event["dur"]))
        for event in trace["traceEvents"]
        if event.get("cat") in DEVICE_WORK
    )
    busy, until = 0.0, float("-inf")
    for begin, end in spans:
        busy += max(0.0, end - max(begin, until))
        until = max(until, end)
    return busy / 1e6
