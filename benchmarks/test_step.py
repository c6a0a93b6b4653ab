"""The step of each variant, in the engine and as a typical script writes it.

`make benchmark` prints a table for each variant; the number in brackets is the ratio.
"""

from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from typical import typical_script

from ganzoo import Adversarial
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import make_feed
from ganzoo.data.glyphs import load
from ganzoo.engine.allocator import keep_freed_memory
from ganzoo.engine.engine import Engine
from ganzoo.plugins import registry

BATCH = 64


@pytest.fixture(scope="module")
def glyphs() -> Dataset:
    return load(DataRequest(split="test"))


def engine_step(variant: Adversarial, dataset: Dataset) -> Callable[[], object]:
    feed = make_feed(dataset, BATCH, device=torch.device("cpu"), seed=0)
    return Engine(variant, feed, 1_000_000).step


@pytest.mark.parametrize("name", [row.spec.name for row in registry().variants()])
@pytest.mark.parametrize("loop", ["typical script", "engine"])
def test_step(benchmark: BenchmarkFixture, glyphs: Dataset, name: str, loop: str) -> None:
    benchmark.group = f"a step of {name}, glyphs 28x28, batch {BATCH}"
    benchmark.name = loop
    torch.manual_seed(0)
    cls = registry().variant(name).load()
    variant = cls(cls.Config(), glyphs.spec)
    if loop == "engine":
        keep_freed_memory()
        step = engine_step(variant, glyphs)
    else:
        step = typical_script(variant, glyphs, BATCH)
    benchmark.pedantic(step, rounds=40, warmup_rounds=5)
