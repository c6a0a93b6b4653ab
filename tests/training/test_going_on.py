"""A run that goes on otherwise than it began: longer, and with another learning rate."""

import json
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from safetensors.torch import load_file

from ganzoo.engine.cpu.cores import usable_cores

KEPT = "networks, averages, the optimizers' moments and the order of the data are kept"


def go_on(run: Path, steps: int, *args: object) -> str:
    result = ganzoo("train", "--resume", run, "--steps", steps, *args)
    assert result.status == 0, result.err
    return " ".join(result.out.split())


def settings(run: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((run / "run.json").read_text())["config"]
    return told


def moved(run: Path, before: int, after: int) -> float:
    """How far the generator's weights went between two checkpoints."""
    name = "variant.generator.net.0.weight"
    first, second = (
        load_file(run / f"checkpoints/{step:08d}/state.safetensors")[name]
        for step in (before, after)
    )
    return (first - second).abs().max().item()


def test_another_learning_rate_from_here_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = train_tiny(Path("run"), "--lr", 1e-3)
    assert f"from step 5 on --lr is 1e-09, and was 0.001: {KEPT}" in go_on(run, 7, "--lr", 1e-9)
    assert moved(run, 5, 7) < 1e-7
    assert settings(run)["lr"] == 1e-9
    said = go_on(run, 9)  # it stays so
    assert "--lr" not in said
    assert moved(run, 7, 9) < 1e-7
    assert "--lr" not in go_on(run, 11, "--lr", 1e-9)
    assert "--lr is 0.01, and was 1e-09" in go_on(run, 13, "--lr", 1e-2)
    assert moved(run, 11, 13) > 1e-3
    assert "--lr is 0.01, and was 1e-09" in (run / "log.txt").read_text()
    before = json.loads((run / "run.json").read_text())["before"]
    assert before == [["lr", 1e-3, 5], ["lr", 1e-9, 11]]


def test_a_finished_run_is_trained_longer_and_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = train_tiny(Path("run"))
    assert "the run had finished at step 5 and is trained longer: all that it" in go_on(run, 7)
    longer = train_tiny(Path("longer"), "--steps", 7)
    weights = [path / "checkpoints/00000007/weights.safetensors" for path in (run, longer)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_steps_and_epochs_are_not_both_heeded(tmp_path: Path) -> None:
    """One of them was forgotten, where a new training refuses both."""
    run = train_tiny(tmp_path / "run")
    result = ganzoo("train", "--resume", run, "--steps", 7, "--epochs", 1)
    assert result.status == 2
    assert "--steps and --epochs both say how long to train" in result.err


CHANGED = "run.json is not as ganzoo wrote it: from step 5 on the run has the settings that"


@pytest.mark.parametrize("file", ["config", "training"])
def test_settings_that_were_changed_in_the_file_are_told_of(tmp_path: Path, file: str) -> None:
    run = train_tiny(tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    key = {"config": "lr", "training": "seed"}[file]
    record[file][key] = 3
    (run / "run.json").write_text(json.dumps(record))
    assert CHANGED in go_on(run, 7)
    assert CHANGED in (run / "log.txt").read_text()
    assert "run.json" not in go_on(run, 9)


def test_a_file_in_another_order_and_one_from_before_are_as_they_were(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(dict(reversed(record.items()))))
    assert "run.json" not in go_on(run, 7)
    del record["digest"]
    (run / "run.json").write_text(json.dumps(record))
    assert "run.json" not in go_on(run, 9)


def test_more_threads_than_cores_are_not_taken(tmp_path: Path) -> None:
    cores = usable_cores()
    result = ganzoo("train", "vanilla", *TINY, "--steps", 1, "--threads", 900, "--out", tmp_path)
    assert result.status == 0, result.err
    assert f"--threads 900 is more than the {cores} there are for it" in result.out
    assert f"it is {cores}" in result.out
