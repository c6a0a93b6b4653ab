"""The step of the engine in each of its modes; the number in brackets is the ratio."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ganzoo.bench.speed.ours import make_engine, prepare_process
from ganzoo.bench.speed.setting import set_up
from ganzoo.bench.speed.spec import Entrant, Game

GAMES = [("vanilla", None), ("dcgan", "32")]
WARM_UP = 5
"""Steps until everything is compiled or captured."""


def timed(benchmark: BenchmarkFixture, game: Game, entrant: Entrant) -> None:
    setting = set_up(game)
    prepare_process(setting.variant)
    engine = make_engine(setting, entrant, pytest.fail)

    def step() -> None:
        engine.step()
        if setting.variant.device.type == "cuda":
            torch.cuda.synchronize()

    benchmark.group = f"a step of {game.variant}, {game.device}, batch {setting.batch_size}"
    benchmark.name = str(entrant)
    benchmark.pedantic(step, rounds=40, warmup_rounds=WARM_UP)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("mode", ["eager", "compile"])
@pytest.mark.parametrize(("variant", "size"), GAMES)
def test_modes_on_a_cpu(
    benchmark: BenchmarkFixture, variant: str, size: str | None, mode: str, precision: str
) -> None:
    timed(
        benchmark,
        Game(variant, image_size=size, device="cpu"),
        Entrant(mode=mode, precision=precision),
    )


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("mode", ["eager", "compile", "graph", "graph+compile"])
@pytest.mark.parametrize(("variant", "size"), GAMES)
def test_modes_on_a_gpu(
    benchmark: BenchmarkFixture, variant: str, size: str | None, mode: str, precision: str
) -> None:
    game = Game(variant, image_size=size, device="cuda")
    timed(benchmark, game, Entrant(mode=mode, precision=precision))
