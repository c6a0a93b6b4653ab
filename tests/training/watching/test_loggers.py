"""What a training tells goes to other programs, too, and none of them can harm it."""

import json
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from helpers.cli import TINY, ganzoo, train_tiny

from ganzoo.runs.run import Run
from ganzoo.testing import check_logger
from ganzoo.training.observer import Observer, QualityRecord, Record, Start
from ganzoo.training.watching import loggers

README = Path(__file__).parents[3] / "README.md"


class Noting(Observer):
    """Notes what it is told."""

    made: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self.told: list[str] = []
        self.made.append(self)

    def started(self, start: Start) -> None:
        self.told.append(f"started at {start.engine.iteration} in {start.run.path.name}")

    def logged(self, record: Record) -> None:
        self.told.append(f"logged {record.step}")

    def drawn(self, step: int, path: Path) -> None:
        assert path.exists()
        self.told.append(f"drawn {step}")

    def evaluated(self, record: QualityRecord) -> None:
        self.told.append(f"evaluated {record.step}")

    def ended(self) -> None:
        self.told.append("ended")


class Failing(Noting):
    """Cannot reach its server at step 2."""

    def logged(self, record: Record) -> None:
        super().logged(record)
        if record.step == 2:
            raise ConnectionError("nobody there")


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[Noting]:
    classes = {"noting": Noting, "failing": Failing}
    found = SimpleNamespace(logger=lambda name: SimpleNamespace(load=lambda: classes[name]))
    monkeypatch.setattr(loggers, "registry", lambda: found)
    monkeypatch.setattr(Noting, "made", [])
    return Noting.made


EACH = ("--log-every", 1, "--sample-every", 5)


def test_a_logger_is_told_all_and_another_one_that_fails_is_left_out(
    tmp_path: Path, offered: list[Noting]
) -> None:
    done = ganzoo(
        *("train", "vanilla", *TINY, "--steps", 5, "--out", tmp_path / "run"),
        *("--log-to", "noting, failing", *EACH),
    )
    assert done.status == 0
    noting, failing = offered
    steps = [f"logged {step}" for step in range(1, 6)]
    assert noting.told == ["started at 0 in run", "drawn 0", *steps, "drawn 5", "ended"]
    assert failing.told == noting.told[:4]
    line = "--log-to failing fails, and is told nothing more (ConnectionError('nobody there'))"
    assert done.out.count(line) == 1
    assert len(Run.open(tmp_path / "run").metrics()) == 7


def test_a_run_goes_on_with_another_logger(tmp_path: Path, offered: list[Noting]) -> None:
    run = train_tiny(tmp_path / "run")
    assert ganzoo("train", "--resume", run, "--steps", 6, "--log-to", "noting").status == 0
    assert offered[0].told[0] == "started at 5 in run"


def test_one_that_does_not_exist_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    done = ganzoo("train", "vanilla", "--log-to", "tensorbored", "--out", tmp_path / "run")
    assert (done.status, (tmp_path / "run").exists()) == (2, False)
    assert "there is no logger 'tensorbored': did you mean 'tensorboard'?" in done.err


def test_what_is_missing_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    done = ganzoo("train", "vanilla", "--log-to", "tensorboard", "--out", tmp_path / "run")
    assert (done.status, (tmp_path / "run").exists()) == (2, False)
    assert "pip install 'ganzoo-core[tensorboard]'" in done.err


def test_loggers_are_listed() -> None:
    assert re.search(r"^tensorboard +event files", ganzoo("loggers").out, re.MULTILINE)


@pytest.fixture
def accumulator() -> Any:
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator


@pytest.mark.usefixtures("accumulator")
def test_the_one_for_tensorboard_conforms() -> None:
    check_logger("tensorboard")


def test_tensorboard_has_curves_and_samples(tmp_path: Path, accumulator: Any) -> None:
    (line,) = re.findall(r"^ganzoo train \w+ (--log-to \w+)", README.read_text(), re.MULTILINE)
    run = train_tiny(tmp_path / "run", *line.split(), *EACH)
    found = accumulator(str(run / "tensorboard"))
    found.Reload()
    losses = found.Scalars("generator_loss")
    logged = [one for one in Run.open(run).metrics() if "generator_loss" in one]
    assert [one.step for one in losses] == [1, 2, 3, 4, 5]
    assert losses[-1].value == pytest.approx(logged[-1]["generator_loss"])
    assert [one.step for one in found.Images("samples")] == [0, 5]


def test_tensorboard_forgets_what_came_after_the_first_checkpoint(
    tmp_path: Path, accumulator: Any
) -> None:
    """A training that was killed before the second one goes on from step 0."""
    flags = ("--log-to", "tensorboard", "--checkpoint-every", 5, *EACH)
    run = train_tiny(tmp_path / "run", *flags)
    shutil.rmtree(run / "checkpoints" / "00000005")
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"outcome": None}))
    assert ganzoo("train", "--resume", run, "--steps", 3).status == 0
    found = accumulator(str(run / "tensorboard"))
    found.Reload()
    assert [one.step for one in found.Scalars("generator_loss")] == [1, 2, 3]
