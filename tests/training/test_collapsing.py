"""Trainings that collapse: told in a line, stopped where that is wanted, and gone on with."""

import json
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo
from helpers.watching import said

from ganzoo.runs.logged import DIVERSITY
from ganzoo.runs.run import Run
from ganzoo.training import watchdog
from ganzoo.training.watchdog import Watchdog


@pytest.fixture
def soon(blank: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs need not last, and all samples pass for alike."""
    monkeypatch.setattr(watchdog, "LASTING_STEPS", 10)
    monkeypatch.setattr(watchdog, "LASTING_RECORDS", 2)
    monkeypatch.setattr(watchdog, "BEGINNING_STEPS", 0)
    monkeypatch.setattr(watchdog, "DISTANCE", 99)


ALIKE = ("train", "vanilla", *TINY, "--steps", 60, "--sample-every", 10)


@pytest.mark.usefixtures("soon")
def test_a_warning_is_one_line_and_the_training_goes_on(tmp_path: Path) -> None:
    result = ganzoo(*ALIKE, "--out", tmp_path / "run")
    assert (result.status, result.err) == (0, "")
    assert result.out.count("mode collapse: the samples are almost the same") == 1
    log = (tmp_path / "run" / "log.txt").read_text()
    assert log.count("step 40: watchdog: mode collapse: the samples are almost the same") == 1


@pytest.mark.usefixtures("soon")
def test_a_training_can_stop_when_it_collapses(tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = ganzoo(*ALIKE, "--on-collapse", "stop", "--out", run)
    assert result.status == 1
    assert result.err.count("\n") == 1
    kept = run / "checkpoints" / "00000040"
    for words in ("mode collapse", f"{kept} holds", f"--resume {run} --on-collapse warn"):
        assert words in result.err
    assert kept.is_dir()
    assert json.loads(ganzoo("runs", tmp_path, "--json").out)[0]["state"] == "collapsed"
    assert ganzoo("train", "--resume", run, "--on-collapse", "warn").status == 0
    assert Run.open(run).state == "finished"


@pytest.mark.usefixtures("soon")
def test_a_resumed_training_does_not_repeat_what_was_said(tmp_path: Path) -> None:
    """Of what the log tells: the watchdog sees it again first."""
    run = tmp_path / "run"
    ganzoo("train", "vanilla", *TINY, "--steps", 20, "--log-every", 1, "--out", run)
    frozen = [{"step": step, "generator_loss": 1.0} for step in range(1, 21)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in frozen))
    dog = Watchdog(40)
    assert [step for step, _ in said(dog, Run.open(run).metrics())] == [12]
    ganzoo("train", "--resume", run, "--steps", 40)
    assert "nothing is learned" not in (run / "log.txt").read_text()


@pytest.mark.usefixtures("soon")
def test_samples_that_were_alike_before_are_so_after_resuming(tmp_path: Path) -> None:
    """How different the samples are is logged, so that the third look may be after a pause."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    ganzoo(*ALIKE, "--out", whole)
    ganzoo(*ALIKE, "--steps", 20, "--out", torn)
    assert "mode collapse" not in (torn / "log.txt").read_text()
    ganzoo("train", "--resume", torn, "--steps", 60)
    assert "step 40: watchdog: mode collapse" in (torn / "log.txt").read_text()
    seen = [
        [record for record in Run.open(run).metrics() if DIVERSITY in record]
        for run in (whole, torn)
    ]
    assert [record["step"] for record in seen[0]] == [0, 10, 20, 30, 40, 50, 60]
    assert seen[0] == seen[1]


@pytest.mark.usefixtures("soon")
def test_a_training_that_has_collapsed_goes_on_only_where_it_may(tmp_path: Path) -> None:
    """What the watchdog sees again of the log is as good a reason to stop as it was."""
    run = tmp_path / "run"
    ganzoo("train", "vanilla", *TINY, "--steps", 20, "--out", run)
    frozen = [{"step": step, "generator_loss": 1.0} for step in range(1, 21)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in frozen))
    again = ("train", "--resume", run, "--steps", 40)
    for _ in range(2):
        result = ganzoo(*again, "--on-collapse", "stop")
        assert (result.status, Run.open(run).state, Run.open(run).step) == (1, "collapsed", 20)
        assert "training collapsed: nothing is learned any more" in result.err
        assert "--on-collapse warn" in result.err
    assert ganzoo(*again, "--on-collapse", "warn").status == 0
    assert Run.open(run).step == 40


@pytest.mark.usefixtures("blank")
def test_a_real_training_that_collapses_is_noticed(tmp_path: Path) -> None:
    """A learning rate a hundred thousand times the usual."""
    run = tmp_path / "run"
    small = ("--generator-widths", "32,32", "--discriminator-widths", "32,32", "--batch-size", 64)
    flags = ("--dataset", "ring8", "--lr", 30, "--steps", 600, "--on-collapse", "stop")
    result = ganzoo("train", "vanilla", *small, *flags, "--out", run)
    assert (result.status, Run.open(run).state) == (1, "collapsed"), result.out
    assert "training collapsed: " in result.err
