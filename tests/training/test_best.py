"""``--evaluate-every``: the quality during training, and which checkpoint is the best."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from helpers.cli import TINY, ganzoo
from helpers.engine import ranks
from helpers.killed import Killed
from safetensors.torch import load_file

from ganzoo.errors import GanzooError
from ganzoo.metrics import during
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import STATE, WEIGHTS, Verdict
from ganzoo.runs.evaluations import FOLDER, find, store
from ganzoo.runs.run import Run
from ganzoo.training.settings import Training
from ganzoo.variant import Variant

pytestmark = pytest.mark.usefixtures("blank")


class Scripted:
    """Says what it was told to until it is killed, and meddles with what must be left alone."""

    criterion, directions = "mark", MappingProxyType({"mark": "lower"})

    def __init__(self, values: list[float], better: str, protocol: str) -> None:
        self.values, self.better, self.protocol = iter(values), better, protocol

    def measure(self, variant: Variant) -> dict[str, float]:
        assert not variant.training
        assert not torch.is_grad_enabled()
        torch.manual_seed(7)
        variant(variant.sample_latent(10))
        mark = next(self.values, None)
        if mark is None:
            raise Killed
        return {"mark": mark, "other": 0.5}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the next trainings be given these marks."""

    def write(*values: float, better: str = "lower", protocol: str = "by a script") -> None:
        def make(variant: Variant, training: Training, report: object, by: object) -> Scripted:
            torch.manual_seed(3)
            return Scripted([*values], better, protocol)

        monkeypatch.setattr(during, "make_quality", make)

    return write


def train(out: Path, *args: object) -> str:
    result = ganzoo("train", "vanilla", *TINY, "--steps", 12, *args, "--out", out)
    assert result.status == 0, result.err
    return result.out


def marks(run: Path) -> list[tuple[int, float]]:
    found = Run.open(run).metrics()
    return [(int(r["step"]), r["quality/mark"]) for r in found if "quality/mark" in r]


def best(run: Path) -> Path:
    found = checkpoint.best(run / "checkpoints")
    assert found is not None
    return found


def verdict(run: Path) -> Verdict:
    """Of the best, however it was obtained."""
    return replace(checkpoint.verdict(best(run), Run.open(run).identity), protocol="")


def test_the_best_is_kept_and_told(tmp_path: Path, script: Callable[..., None]) -> None:
    script(5.0, 2.0, 3.0)
    out = train(tmp_path / "run", "--evaluate-every", 5, "--checkpoint-every", 10)
    assert marks(tmp_path / "run") == [(5, 5.0), (10, 2.0), (12, 3.0)]
    lines = out.splitlines()
    for start in (
        "step 5: mark 5 (best so far)  other 0.5, ",
        "step 10: mark 2 (best so far)  other 0.5, ",
        "step 12: mark 3 (2 at step 10)  other 0.5, ",
        "evaluating took ",
    ):
        assert sum(line.startswith(start) for line in lines) == 1, out
    kept = best(tmp_path / "run")
    assert {path.name for path in kept.iterdir()} == {WEIGHTS, "manifest.json"}
    assert json.loads((kept / "manifest.json").read_text()) == {
        "format": "1",
        "step": 10,
        "criterion": "mark",
        "value": 2.0,
        "protocol": "by a script",
        "run": Run.open(tmp_path / "run").identity.run,
        "sha256": {WEIGHTS: hashlib.sha256((kept / WEIGHTS).read_bytes()).hexdigest()},
    }
    same = tmp_path / "run" / "checkpoints" / "00000010" / WEIGHTS
    one, other = load_file(kept / WEIGHTS), load_file(same)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert sum("best one" in line and str(kept) in line for line in lines) == 1
    assert "evaluating took" in (tmp_path / "run" / "log.txt").read_text()


@pytest.mark.parametrize(
    ("better", "values", "step"),
    [
        ("lower", (5.0, 6.0, 5.5), 5),
        ("higher", (5.0, 6.0, 5.5), 10),
        ("lower", (5.0, 5.0, 5.0), 12),  # the later has learned longer
        ("higher", (math.nan, 1.0, math.nan), 10),
    ],
)
def test_which_is_the_best(
    tmp_path: Path,
    script: Callable[..., None],
    better: str,
    values: tuple[float, ...],
    step: int,
) -> None:
    script(*values, better=better)
    train(tmp_path / "run", "--evaluate-every", 5)
    assert checkpoint.step_of(best(tmp_path / "run")) == step
    assert len([*(tmp_path / "run" / "checkpoints").glob("best-*")]) == 1


def test_nothing_is_measured_where_nobody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(during, "make_quality", None)
    out = train(tmp_path / "run")
    assert "evaluating" not in out
    assert "best" not in out
    assert checkpoint.best(tmp_path / "run" / "checkpoints") is None


def test_evaluating_leaves_the_training_alone(tmp_path: Path, script: Callable[..., None]) -> None:
    script(*[1.0] * 12)
    train(tmp_path / "without", "--log-every", 1)
    train(tmp_path / "with", "--log-every", 1, "--evaluate-every", 1)
    for name in (STATE, WEIGHTS):
        one, other = (
            load_file(tmp_path / run / "checkpoints" / "00000012" / name)
            for run in ("with", "without")
        )
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    logged = [r for r in Run.open(tmp_path / "with").metrics() if "quality/mark" not in r]
    assert logged == Run.open(tmp_path / "without").metrics()


def test_resuming_knows_the_best(tmp_path: Path, script: Callable[..., None]) -> None:
    run = tmp_path / "run"
    script(5.0, 2.0, 3.0)
    train(run, "--evaluate-every", 5)
    script(2.5, 2.4)
    assert ganzoo("train", "--resume", run, "--steps", 18).status == 0
    assert marks(run) == [(5, 5.0), (10, 2.0), (12, 3.0), (15, 2.5), (18, 2.4)]
    assert checkpoint.step_of(best(run)) == 10


def test_resuming_goes_back_to_the_best_of_then(
    tmp_path: Path, script: Callable[..., None]
) -> None:
    run = tmp_path / "run"
    script(5.0, 2.0)
    with pytest.raises(Killed):
        train(run, "--evaluate-every", 5, "--checkpoint-every", 8)
    assert verdict(run) == Verdict(10, "mark", 2.0)
    assert Run.open(run).step == 8
    script(9.0, 8.0)
    assert ganzoo("train", "--resume", run).status == 0
    assert marks(run) == [(5, 5.0), (10, 9.0), (12, 8.0)]
    assert verdict(run) == Verdict(5, "mark", 5.0)


def test_the_best_is_judged_anew_where_that_is_done_otherwise_now(
    tmp_path: Path, script: Callable[..., None]
) -> None:
    """As on another machine, whose classifier is another one."""
    run = tmp_path / "run"
    script(5.0, 2.0, 3.0)
    train(run, "--evaluate-every", 5, "--checkpoint-every", 10)
    weights = (best(run) / WEIGHTS).read_bytes()
    script(290.0, 310.0, 296.0, 280.0, protocol="by another script")
    resumed = ganzoo("train", "--resume", run, "--steps", 22)
    assert resumed.status == 0, resumed.err
    words = (
        "of step 10, was judged by other features: its mark was 2, and by those of now it is 290"
    )
    assert words in " ".join(resumed.out.split())
    assert words in (run / "log.txt").read_text()
    assert marks(run)[3:] == [(15, 310.0), (20, 296.0), (22, 280.0)]
    assert verdict(run) == Verdict(22, "mark", 280.0)
    assert (best(run) / WEIGHTS).read_bytes() != weights
    script(9.0, 300.0, protocol="by another script")  # not measured anew once more
    assert ganzoo("train", "--resume", run, "--steps", 25).status == 0
    assert verdict(run) == Verdict(25, "mark", 9.0)


def test_a_best_that_is_judged_anew_changes_no_training(
    tmp_path: Path, script: Callable[..., None]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for run, protocol in ((one, "by a script"), (other, "by another script")):
        script(5.0, 2.0, 3.0)
        train(run, "--evaluate-every", 5, "--checkpoint-every", 10)
        script(*[7.0] * (3 + (run == other)), protocol=protocol)
        assert ganzoo("train", "--resume", run, "--steps", 22).status == 0
    states = [load_file(run / "checkpoints" / "00000022" / STATE) for run in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_resuming_forgets_evaluations_of_steps_that_are_yet_to_come(
    tmp_path: Path, script: Callable[..., None]
) -> None:
    run = tmp_path / "run"
    script(5.0, 2.0)
    with pytest.raises(Killed):
        train(run, "--evaluate-every", 5, "--checkpoint-every", 8)
    for step in (5, 8, 10):
        store(run, step, {"protocol": "thorough", "scores": [{"name": "kid", "value": step}]})
        (run / FOLDER / f"{step:08d}-nearest.png").touch()
    script(9.0, 8.0)
    assert ganzoo("train", "--resume", run).status == 0
    assert [record["step"] for record in find(run)] == [5, 8]
    drawn = sorted(path.name for path in (run / FOLDER).glob("*.png"))
    assert drawn == ["00000005-nearest.png", "00000008-nearest.png"]


def test_how_quality_is_measured_is_kept(tmp_path: Path, script: Callable[..., None]) -> None:
    run = tmp_path / "run"
    train(run)
    assert "quality_protocol" not in Run.open(run).settings
    for steps, protocol in ((13, "by one"), (14, "by another")):
        script(1.0, 1.0, protocol=protocol)
        flags = ("--steps", steps, "--evaluate-every", 100)
        assert ganzoo("train", "--resume", run, *flags).status == 0
        assert Run.open(run).settings["quality_protocol"] == protocol
    script(1.0)
    train(tmp_path / "other", "--evaluate-every", 12)
    assert Run.open(tmp_path / "other").settings["quality_protocol"] == "by a script"


def test_it_may_begin_and_end_with_a_resumed_training(
    tmp_path: Path, script: Callable[..., None]
) -> None:
    run = tmp_path / "run"
    train(run)
    script(1.0)
    assert ganzoo("train", "--resume", run, "--steps", 15, "--evaluate-every", 15).status == 0
    assert marks(run) == [(15, 1.0)]
    script(0.5)
    assert ganzoo("train", "--resume", run, "--steps", 20, "--evaluate-every", 20).status == 0
    assert checkpoint.step_of(best(run)) == 20


def test_every_checkpoint_can_be_named(tmp_path: Path, script: Callable[..., None]) -> None:
    script(1.0, 2.0, 3.0)
    train(tmp_path / "run", "--evaluate-every", 5, "--checkpoint-every", 8)
    run = Run.open(tmp_path / "run")
    names = {"last": "00000012", "best": "best-00000005", "8": "00000008", "00008": "00000008"}
    names |= {"12": "00000012", "5": "best-00000005"}
    assert {word: run.checkpoint_at(word).name for word in names} == names
    there = r"there are last \(step 12\), best \(step 5\) and, by step, 5, 8, 12"
    for word in ("7", "first", "-1", ""):
        with pytest.raises(GanzooError, match=rf"has no checkpoint '{word}': {there}$"):
            run.checkpoint_at(word)
    train(tmp_path / "plain")
    with pytest.raises(GanzooError, match=r"no checkpoint 'best': .*step 12.*--evaluate-every"):
        Run.open(tmp_path / "plain").checkpoint_at("best")


def test_the_first_of_several_processes_measures_for_all(tmp_path: Path) -> None:
    """And when what it sees makes it stop, all stop at the same step."""
    run = tmp_path / "run"
    game = ("vanilla", *TINY, "--batch-size", "8", "--checkpoint-every", "2")
    often = ("--steps", "1000", "--sample-every", "2", "--evaluate-every", "3")
    flags = ("train", *game, *often, "--on-collapse", "stop", "--out", str(run))
    running = ranks.launch(tmp_path / "printed", ranks.collapse_soon, *flags)
    assert running.wait() == [1, 1], running.complaints(0) + running.complaints(1)
    trained = Run.open(run)
    assert trained.state == "collapsed"
    assert running.complaints(0).count("training collapsed: mode collapse") == 1
    assert running.complaints(1) == ""
    measured = [int(r["step"]) for r in trained.metrics() if "quality/modes" in r]
    assert measured == [*range(3, trained.step + 1, 3)]
    assert checkpoint.best(trained.checkpoints) is not None
    assert "evaluating took" in running.printed(0)
