"""The step of each variant, in the engine and in the loops that `ganzoo bench` compares it with.

`make benchmark` prints a table for each variant; the number in brackets is the ratio. For numbers
to be published there is `ganzoo bench`, where each has a process of its own and they take turns.
"""

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ganzoo.bench.speed.careful import careful_loop, resident_batches
from ganzoo.bench.speed.ours import make_engine, prepare_process
from ganzoo.bench.speed.setting import Setting, set_up
from ganzoo.bench.speed.spec import Entrant, Game
from ganzoo.bench.speed.typical import loaders, typical_script
from ganzoo.plugins.registry import registry


def timed(
    benchmark: BenchmarkFixture, setting: Setting, loop: str, step: Callable[[], object]
) -> None:
    name, data = type(setting.variant).__name__, setting.dataset.spec
    benchmark.group = f"a step of {name}, {data.name} {data}, batch {setting.batch_size}"
    benchmark.name = loop
    benchmark.pedantic(step, rounds=40, warmup_rounds=5)


@pytest.fixture(params=[row.spec.name for row in registry().variants()])
def setting(request: pytest.FixtureRequest) -> Setting:
    return set_up(Game(request.param, device="cpu"))


def test_typical_script(benchmark: BenchmarkFixture, setting: Setting) -> None:
    step = typical_script(setting.variant, loaders(setting))
    timed(benchmark, setting, "typical script", step)


def test_careful_loop(benchmark: BenchmarkFixture, setting: Setting) -> None:
    step = careful_loop(setting.variant, resident_batches(setting))
    timed(benchmark, setting, "careful loop", step)


def test_engine(benchmark: BenchmarkFixture, setting: Setting) -> None:
    """After all of the others, which would else profit from what the engine sets."""
    prepare_process(setting.variant)
    timed(benchmark, setting, "engine", make_engine(setting, Entrant(), print).step)
