"""Records are the same whether the host waits for their numbers or reads them a window late."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.games import Toy, ToyConfig, points
from torch import Tensor

from ganzoo.bench.speed.ours import training_step
from ganzoo.data.feed import make_feed
from ganzoo.engine.device import Arriving, bring_to_host, pick_device
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import Execution
from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.training import readings
from ganzoo.training.journal import Diverged
from ganzoo.training.observer import Observer, Record
from ganzoo.training.start import start

pytestmark = pytest.mark.usefixtures("blank")


class Watched(Observer):
    def __init__(self) -> None:
        self.happened: list[str] = []
        self.records: list[Record] = []

    def logged(self, record: Record) -> None:
        self.records.append(record)
        self.happened.append(f"logged {record.step}")


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """What happened, in order: iterations, and what was waited for."""
    watched = Watched()
    step = Engine.step

    def stepping(engine: Engine) -> dict[str, Tensor]:
        watched.happened.append(f"step {engine.iteration + 1}")
        return step(engine)

    monkeypatch.setattr(Engine, "step", stepping)
    return watched


def train(path: Path, watched: Watched, late: bool, **given: Any) -> Run:
    common = {"dataset": "ring8", "generator_widths": "8", "batch_size": "8", "mode": "eager"}
    trainer = start("vanilla", common | given, path, watched)
    trainer._journal._late = late  # as on CUDA
    trainer.fit()
    return trainer.run


def test_records_that_are_read_late_are_the_same_and_in_the_same_order(
    tmp_path: Path, watched: Watched
) -> None:
    intervals = {"steps": 38, "log_every": 5, "sample_every": 7, "checkpoint_every": 12}
    runs, records = [], []
    for late in (False, True):
        runs.append(train(tmp_path / str(late), watched, late, **intervals))
        records.append([(r.step, r.metrics) for r in watched.records])
        assert all(0 < r.images_per_second < math.inf and r.memory for r in watched.records)
        watched.records.clear()
    assert records[0] == records[1]
    at_once, late_ones = (run.path.joinpath("metrics.jsonl").read_text() for run in runs)
    assert at_once == late_ones
    assert [step for step, _ in records[0]] == [5, 10, 12, 15, 20, 24, 25, 30, 35, 36, 38]


def test_no_window_is_waited_for_before_the_next_is_over(tmp_path: Path, watched: Watched) -> None:
    """So that the device always has something to do while the host reads."""
    rarely = {"sample_every": 100, "checkpoint_every": 100}
    train(tmp_path / "run", watched, True, steps=20, log_every=5, **rarely)
    logged = [n for n, what in enumerate(watched.happened) if what.startswith("logged")]
    before = [watched.happened[n - 1] for n in logged]
    assert before == ["step 10", "step 15", "step 20", "logged 15"]
    watched.happened.clear()
    train(tmp_path / "other", watched, False, steps=20, log_every=5, **rarely)
    for step in (5, 10, 15, 20):
        assert (
            watched.happened.index(f"logged {step}") == watched.happened.index(f"step {step}") + 1
        )


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("every", "noticed"), [(100, 15), (12, 12)])
def test_a_loss_that_is_not_finite_is_named_with_its_step_and_never_saved(
    tmp_path: Path,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
    every: int,
    noticed: int,
) -> None:
    step = Engine.step

    def diverging(engine: Engine) -> dict[str, Tensor]:
        metrics = step(engine)
        return {**metrics, "g_loss": torch.tensor(math.nan)} if engine.iteration == 7 else metrics

    monkeypatch.setattr(Engine, "step", diverging)
    rarely = {"sample_every": 100, "checkpoint_every": every}
    path = tmp_path / "run"
    with pytest.raises(Diverged, match=r"the loss of phase 'g' is nan at step 7; .*/00000000: "):
        train(path, watched, late, steps=50, log_every=5, **rarely)
    assert checkpoint.latest(path / "checkpoints") == path / "checkpoints" / "00000000"
    assert watched.happened[-1] == f"step {noticed if late else 10}"


def test_what_is_timed_reads_metrics_as_a_training_does(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Arriving] = []
    monkeypatch.setattr(
        readings, "bring_to_host", lambda tensor: sent.append(Arriving(tensor)) or sent[-1]
    )
    data = points()
    feed = make_feed(data, 4, device=torch.device("cpu"), seed=0)
    engine = Engine(Toy(ToyConfig(), data.spec), feed, 100, Execution(kept=3))
    step = training_step(engine)
    for _ in range(7):
        step()
    assert engine.iteration == 7
    assert [one.tensor.shape for one in sent] == [(9,), (9,)]  # three metrics


@pytest.mark.gpu
def test_numbers_come_from_a_gpu_while_it_computes() -> None:
    device = pick_device("cuda")
    numbers = torch.arange(1000.0, device=device)
    bring_to_host(numbers + 1).wait()  # to load a kernel may take until the device is idle
    torch.cuda.set_sync_debug_mode("error")
    try:
        torch.cuda._sleep(100_000_000)
        arriving = bring_to_host(numbers + 1)
        assert arriving.arrived is not None
        assert not arriving.arrived.query()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.equal(arriving.wait(), torch.arange(1.0, 1001.0))


@pytest.mark.gpu
def test_a_training_on_a_gpu_logs_what_one_that_waits_does(
    tmp_path: Path, watched: Watched
) -> None:
    given = {"steps": 38, "log_every": 5, "device": "cuda", "mode": "graph"}
    runs = []
    for late in (False, True):
        run = train(tmp_path / str(late), watched, late, **given)
        runs.append(run.path.joinpath("metrics.jsonl").read_text())
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", ["step", "stage", "generator_loss"])
@pytest.mark.parametrize("measured", [False, True])
def test_no_metric_of_a_variant_takes_the_place_of_ganzoos_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, measured: bool
) -> None:
    from ganzoo_vanilla.variant import Vanilla

    loss = Vanilla.generator_loss

    def logging(self: Vanilla, batch: Any) -> Tensor:
        batch.metrics[name] = torch.zeros(())
        return loss(self, batch)

    if measured:
        monkeypatch.setattr(Vanilla, "held_out", True)
        monkeypatch.setattr(Vanilla, "measure", lambda self, test: {name: 0.0})
    else:
        monkeypatch.setattr(Vanilla, "generator_loss", logging)
    given = {"dataset": "ring8", "steps": 2, "mode": "eager", "generator_widths": (4,)}
    with pytest.raises(GanzooError, match=f"a metric called '{name}', as ganzoo calls one of its"):
        start("vanilla", given, tmp_path / "run").fit()
    assert (tmp_path / "run" / "checkpoints" / "00000000").is_dir()
