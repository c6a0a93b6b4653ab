"""Speeds that nobody has measured, and who is compared."""

from typing import Any

from ganzoo.bench.speed.compare import _EMPTY, Entrant, Row
from ganzoo.bench.speed.spec import BASELINES, ENGINE

TYPICAL, CAREFUL = BASELINES["typical"], BASELINES["careful"]
OURS = Entrant()

MACHINE = {
    "device": "A (fast) GPU, 80 GB",
    "kind": "cuda",
    "cores": 8,
    "threads": 8,
    "torch": "2.11",
    "cuda": "13.0",
    "python": "3.12",
    "system": "Linux",
    "peak_flops": {"fp32": 5e13},
}


def row(**values: Any) -> Row:
    named = {"variant": "dcgan", "contestant": ENGINE, "mode": "graph", "precision": "bf16"}
    return _EMPTY | named | values


MEASURED = row(
    data="glyphs",
    shape="1x28x28",
    batch_size=64,
    images_per_second=123456.7,
    ms_per_step=0.5184,
    ms_by_phase={"data": 0.01, "generator": 1.234, "discriminator": 456.7},
    memory=3 * 2**20,
    threads=4,
    startup_seconds=4.56,
    compile_seconds=1.0,
    busy_share=0.955,
    flops_per_second=5e12,
    peak_share=0.1,
    times_typical={"median": 12.345, "min": 11.0, "max": 13.0},
    times_careful={"median": 2.0, "min": 1.5, "max": 2.5},
)
