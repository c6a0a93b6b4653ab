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


def timed(benchmark: BenchmarkFixture, name: str, loop: str, step: Callable[[], object]) -> None:
    benchmark.group = f"a step of {name}, glyphs 28x28, batch {BATCH}"
    benchmark.name = loop
    benchmark.pedantic(step, rounds=40, warmup_rounds=5)


@pytest.fixture(params=[row.spec.name for row in registry().variants()])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def variant(name: str, glyphs: Dataset) -> Adversarial:
    torch.manual_seed(0)
    cls = registry().variant(name).load()
    made: Adversarial = cls(cls.Config(), glyphs.spec)
    return made


def test_typical_script(
    benchmark: BenchmarkFixture, glyphs: Dataset, variant: Adversarial, name: str
) -> None:
    timed(benchmark, name, "typical script", typical_script(variant, glyphs, BATCH))


def test_engine(
    benchmark: BenchmarkFixture, glyphs: Dataset, variant: Adversarial, name: str
) -> None:
    """After all of the scripts, which would else profit from the engine's allocator setting."""
    keep_freed_memory()
    timed(benchmark, name, "engine", engine_step(variant, glyphs))
