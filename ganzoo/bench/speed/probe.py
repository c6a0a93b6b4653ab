"""What the machine can do at best.

``python -m ganzoo.bench.speed.probe DEVICE PRECISION ...`` prints it as JSON.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import conv2d

from ganzoo.engine.arithmetic import arithmetic
from ganzoo.engine.cpu.matmul import route_matmul
from ganzoo.engine.device import find_device
from ganzoo.engine.modes.names import BF16
from ganzoo.errors import GanzooError

BUDGET = 0.25
"""Seconds for each product or convolution."""
MATRICES = {"cpu": (1024, 2048), "cuda": (4096, 8192), "mps": (2048, 4096)}
CONVOLUTIONS = {"cpu": (32, 128, 32), "cuda": (256, 256, 64), "mps": (64, 128, 32)}
"""Images, channels and pixels a side, of 3x3 filters."""


def describe(device: torch.device, precisions: Sequence[str]) -> dict[str, Any]:
    """The machine and the versions, in words, and its peaks in these precisions."""
    on_cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if on_cuda else _processor(),
        "kind": device.type,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_cuda else None,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "peak_flops": peaks(device, precisions),
    }


def peaks(device: torch.device, precisions: Sequence[str]) -> dict[str, float]:
    """Floating-point operations a second by precision: the best of products and convolutions.

    A processor without bf16 takes half a minute for one such product.
    """
    if device.type == "cpu":
        route_matmul()
    found = {}
    for precision in precisions:
        try:
            computing = arithmetic(precision, device)
        except GanzooError:
            continue
        dtype = torch.bfloat16 if precision == BF16 else torch.float32
        with computing():
            best = (_best(work, flops, device) for work, flops in _probes(device, dtype))
            found[precision] = max(best)
    return found


def _probes(device: torch.device, dtype: torch.dtype) -> list[tuple[Callable[[], object], float]]:
    """Things to compute, and the operations of each."""
    probes: list[tuple[Callable[[], object], float]] = []
    for side in MATRICES[device.type]:
        a = torch.randn(side, side, device=device, dtype=dtype)
        probes.append((partial(torch.mm, a, a), 2.0 * side**3))
    n, channels, side = CONVOLUTIONS[device.type]
    last = torch.channels_last
    image = torch.randn(n, channels, side, side, device=device, dtype=dtype)
    image = image.contiguous(memory_format=last)
    weight = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype)
    convolve = partial(conv2d, image, weight.contiguous(memory_format=last), padding=1)
    probes.append((convolve, 2.0 * n * channels**2 * 9 * side**2))
    return probes


@torch.no_grad()
def _best(work: Callable[[], object], flops: float, device: torch.device) -> float:
    def seconds() -> float:
        begin = time.perf_counter()
        work()
        if device.type != "cpu":
            torch.get_device_module(device).synchronize()
        return time.perf_counter() - begin

    end = time.perf_counter() + BUDGET
    times = [seconds()]
    while time.perf_counter() < end:
        times.append(seconds())
    return flops / min(times)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    """Print the description, or what is wrong, as JSON."""
    try:
        device, *precisions = sys.argv[1:]
        print(json.dumps(describe(find_device(device), precisions)))  # noqa: T201
    except GanzooError as error:
        print(json.dumps({"error": str(error)}))  # noqa: T201


if __name__ == "__main__":
    main()
