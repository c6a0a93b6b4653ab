"""The paper table: what is trained and measured once, what is written, and the small measures."""

import json
from collections.abc import Sequence
from operator import ge
from pathlib import Path

import numpy as np
import papers
import pytest
import torch
from nearest_class import nearest_error
from papers_rows import COMPARISONS, ROWS, Comparison, Goal, Measure, Row, Script, Training
from papers_table import Found, write_table
from theirs import patched
from wasserstein import points, rank_correlation

from ganzoo.errors import GanzooError

RING = Training("ring", ("vanilla", "--dataset", "ring8", "--steps", "4"), (0,), reads_files=False)
MODES = Measure("modes", ("--n", "50"), reads_files=False)
GOAL = Goal("at least 5", ge, 5)


def make_row(training: Training = RING, name: str = "ring") -> Row:
    return Row(
        name, "modes", "few", GOAL, training, MODES, lambda scores: scores["modes"], "no", "short"
    )


def found(*values: float, name: str = "modes") -> list[Found]:
    return [Found(seed, {name: value}, {name: 8}, "p", 1.5) for seed, value in enumerate(values)]


class Calls:
    """Stands for the programs: keeps the commands, and answers with a record."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.commands.append(list(command))
        return json.dumps({"protocol": "p", "scores": [{"name": "modes", "value": 7, "real": 8}]})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made = Calls()
    monkeypatch.setattr(papers, "call", made)
    return made


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> papers.Bench:
    """A bench with one real run of four steps, really measured."""
    bench = papers.Bench(tmp_path_factory.mktemp("runs"), Path("nowhere"), None)
    one = bench.find(RING, [MODES], 0)[MODES]
    assert 0 <= one.scores["modes"] <= 8
    assert one.real["modes"] == 8
    assert one.minutes is not None
    return bench


def test_nothing_is_trained_or_measured_twice(trained: papers.Bench, calls: Calls) -> None:
    again = trained.find(RING, [MODES], 0)[MODES]
    assert not calls.commands
    assert again.real["modes"] == 8


def test_another_measure_is_taken_anew(trained: papers.Bench, calls: Calls) -> None:
    wider = Measure(MODES.name, ("--n", "60"), reads_files=False)
    path = trained.runs / "ring-0.modes.json"
    kept = path.read_text()
    assert trained.find(RING, [wider], 0)[wider].scores == {"modes": 7}
    assert calls.commands[0][3:] == [
        "evaluate", "--json", "--n", "60", str(trained.runs / "ring-0")
    ]  # fmt: skip
    path.write_text(kept)


def test_a_run_that_went_on_is_measured_anew(trained: papers.Bench, calls: Calls) -> None:
    path = trained.runs / "ring-0.modes.json"
    kept = path.read_text()
    path.write_text(kept.replace('"step": 4', '"step": 3', 1))
    assert trained.find(RING, [MODES], 0)[MODES].scores == {"modes": 7}
    path.write_text(kept)


def test_a_run_without_a_checkpoint_starts_again(tmp_path: Path, calls: Calls) -> None:
    bench = papers.Bench(tmp_path, Path("data"), None)
    (tmp_path / "ring-0" / "checkpoints").mkdir(parents=True)
    bench.trained(RING, 0)
    assert not (tmp_path / "ring-0").exists()
    assert calls.commands[0][3:] == [
        "train", *RING.arguments, "--seed", "0", "--threads", "1", "--out", str(tmp_path / "ring-0")
    ]  # fmt: skip


def test_nothing_is_trained_where_that_is_not_wanted(
    trained: papers.Bench, tmp_path: Path, calls: Calls
) -> None:
    bench = papers.Bench(tmp_path, Path("data"), Path("theirs"), trains=False)
    assert bench.find(RING, [MODES], 0) == {}
    assert bench.find(Script("gan", 1), [MODES], 0) == {}
    bench = papers.Bench(trained.runs, Path("nowhere"), None, trains=False)
    assert MODES in bench.find(RING, [MODES], 0)
    assert not calls.commands


def test_an_interrupted_run_is_resumed(trained: papers.Bench, calls: Calls) -> None:
    path = trained.runs / "ring-0" / "run.json"
    whole = path.read_text()
    path.write_text(whole.replace('"finished"', '"stopped"'))
    assert trained.trained(RING, 0) == trained.runs / "ring-0"
    assert calls.commands[0][3:] == ["train", "--resume", str(trained.runs / "ring-0")]
    path.write_text(whole)


def test_a_run_of_other_settings_is_refused(trained: papers.Bench, calls: Calls) -> None:
    other = Training("ring", (*RING.arguments, "--lr", "0.5"), (0,), reads_files=False)
    with pytest.raises(GanzooError, match=r"--lr 0.001, and 0.5 is wanted"):
        trained.trained(other, 0)
    same = Training("ring", (*RING.arguments, "--lr", "1e-3"), (0,), reads_files=False)
    assert trained.trained(same, 0).name == "ring-0"
    assert not calls.commands


def test_scripts_without_a_checkout_are_left_out(tmp_path: Path, calls: Calls) -> None:
    bench = papers.Bench(tmp_path, Path("data"), None)
    assert bench.find(Script("gan", 1), [MODES], 0) == {}
    bench = papers.Bench(tmp_path, Path("data"), Path("theirs"))
    assert bench.find(Script("gan", 1), [MODES], 0)[MODES].minutes is None
    training, measuring = calls.commands
    assert training[2:] == [
        "gan", "--pytorch-gan", "theirs", "--data-root", "data", "--epochs", "1", "--seed", "0",
        "--out", str(tmp_path / "pytorch-gan-gan-0.npz"),
    ]  # fmt: skip
    assert measuring[-4:] == [
        "--samples", str(tmp_path / "pytorch-gan-gan-0.npz"), "--dataset", "mnist"
    ]  # fmt: skip


def test_a_training_serves_all_rows_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find(training: Training, measures: Sequence[Measure], seed: int) -> dict[Measure, Found]:
        asked.append((training.name, [measure.name for measure in measures], seed))
        return dict(zip(measures, found(*range(len(measures))), strict=True))

    bench = papers.Bench(tmp_path, Path("data"), None)
    monkeypatch.setattr(bench, "find", find)
    comparison = Comparison("beside", RING, Script("gan", 1, (0,)), "1", Measure("samples"))
    rows = [make_row(), make_row(name="again"), comparison]
    result = papers.measure_all(bench, rows, 1)
    assert asked == [("ring", ["modes", "samples"], 0), ("pytorch-gan-gan", ["samples"], 0)]
    assert len(result[RING, MODES]) == 1


def test_minutes_leave_out_the_time_between(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(
        "2026-01-01 10:00:00  step 0 of 9: training\n"
        "2026-01-01 10:02:00  step 4: stopped\n"
        "2026-01-01 12:00:00  step 4 of 9: training\n"
        "2026-01-01 12:00:30  2 threads are fastest\n"
        "2026-01-01 12:01:30  step 9: finished\n"
    )
    assert papers.minutes(tmp_path) == 3.5


def write(path: Path, rows: dict, comparisons: dict | None = None) -> tuple[str, dict]:
    write_table(path / "t.md", rows, comparisons or {}, "a machine")
    return (path / "t.md").read_text(), json.loads((path / "t.json").read_text())


def test_a_row_says_what_was_reached(tmp_path: Path) -> None:
    page, whole = write(
        tmp_path,
        {
            make_row(name="all"): found(6, 7, 8),
            make_row(name="most"): found(4, 7, 8),
            make_row(name="none"): found(3, 4, 5),
            make_row(name="nothing"): [],
        },
    )
    assert "| all | modes | few | at least 5 | 7.0 ± 1.0 | 6, 7, 8 | 1.5 | yes |" in page
    assert "| yes, by the mean; 2 of 3 seeds |" in page
    assert "| 4.0 ± 1.0 | 3, 4, 5 | 1.5 | **missed** |" in page
    assert page.count("Missed: short.") == 1
    assert "| nothing | modes | few | at least 5 | not measured |  |  | not measured |" in page
    assert [row["reached"] for row in whole["rows"]] == [True, True, False, None]
    assert whole["rows"][0]["values"] == {"0": 6, "1": 7, "2": 8}
    assert whole["rows"][0]["command"] == "ganzoo train vanilla --dataset ring8 --steps 4 --seed S"
    assert whole["rows"][0]["real"] == 8


@pytest.mark.parametrize(
    ("ours", "theirs", "half", "covers"),
    [((4, 0.8), (8, 0.8), True, True), ((5, 0.9), (8, 0.95), False, False)],
)
def test_a_comparison_is_of_means(
    tmp_path: Path, ours: tuple, theirs: tuple, half: bool, covers: bool
) -> None:
    def both(frechet: float, coverage: float) -> list[Found]:
        scores = {"frechet": frechet, "coverage": coverage, "classes": 10}
        return [Found(0, scores, {}, "p", None)]

    comparison = Comparison("beside", RING, Script("gan", 1), "1", Measure("samples"), "young")
    page, whole = write(tmp_path, {}, {comparison: (both(*ours), both(*theirs))})
    assert whole["comparisons"][0]["half_distance"] is half
    assert whole["comparisons"][0]["coverage_at_least"] is covers
    assert page.count("**missed**") == (not half) + (not covers)
    assert ("Missed: young." in page) is not half
    page, whole = write(tmp_path, {}, {comparison: (both(*ours), [])})
    assert whole["comparisons"][0]["half_distance"] is None
    assert "| not measured |" in page
    assert "`gan.py --n_epochs 1` from the seeds none." in page


def test_protocols_are_not_mixed(tmp_path: Path) -> None:
    other = Found(1, {"modes": 7}, {}, "q", None)
    with pytest.raises(GanzooError, match="different protocols cannot stand in one row"):
        write(tmp_path, {make_row(): [*found(7), other]})
    assert not list(tmp_path.iterdir())


def test_rows_have_names_of_their_own() -> None:
    names = [row.name for row in ROWS] + [row.name for row in COMPARISONS]
    assert len(set(names)) == len(names)
    trainings = {row.training for row in ROWS} | {row.ours for row in COMPARISONS}
    assert len({training.name for training in trainings}) == len(trainings)


def test_nearest_error_against_brute_force() -> None:
    generator = torch.Generator().manual_seed(0)

    def draw(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.randint(256, (n, 1, 4, 4), generator=generator, dtype=torch.uint8)
        return images, torch.randint(3, (n,), generator=generator)

    images, labels = draw(300)
    test, truth = draw(50)
    wrong = 0
    for image, label in zip(test, truth, strict=True):
        nearest = min(range(300), key=lambda i: int((images[i].int() - image.int()).square().sum()))
        wrong += int(labels[nearest] != label)
    assert nearest_error(images, labels, test, truth) == wrong / 50
    assert nearest_error(test, truth, test, truth) == 0


def test_rank_correlation_of_a_run() -> None:
    records: list[dict[str, float]] = [{"step": s, "wasserstein": 10.0 - s} for s in range(1, 9)]
    records += [{"step": 3, "quality/frechet": 40.0}, {"step": 6, "quality/frechet": 20.0}]
    assert points(records) == [(3, 7.0, 40.0), (6, 4.0, 20.0)]
    assert rank_correlation([(1, 3.0, 9.0), (2, 2.0, 8.0), (3, 1.0, 1.0)]) == 1
    assert rank_correlation([(1, 3.0, 1.0), (2, 2.0, 8.0), (3, 1.0, 9.0)]) == -1


SCRIPT = """
import numpy as np
from types import SimpleNamespace
opt = SimpleNamespace(latent_dim=2, img_size=2)
first = float(torch.rand(())), float(np.random.rand())
generator = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh())
"""
CONDITIONAL = """
generator = lambda z, label: torch.tanh(z[:, :1] * 0 + label[:, None] / 5 - 1).expand(-1, 4)
"""


@pytest.mark.parametrize(("script", "more"), [("gan", ""), ("cgan", CONDITIONAL)])
def test_a_script_is_seeded_and_sampled(tmp_path: Path, script: str, more: str) -> None:
    def run(seed: int) -> dict:
        names: dict = {}
        exec(patched(SCRIPT + more, script, seed, tmp_path / "s.npz"), names)
        return names

    first = run(1)["first"]
    arrays = np.load(tmp_path / "s.npz")
    images = arrays["images"]
    assert images.shape == (10_000, 2, 2, 1)
    assert images.dtype == np.uint8
    if script == "cgan":
        labels = arrays["labels"]
        assert (np.bincount(labels) == 1000).all()
        assert (
            len({(int(i.flat[0]), int(label)) for i, label in zip(images, labels, strict=True)})
            == 10
        )
    else:
        assert "labels" not in arrays
    names = run(1)
    assert names["first"] == first
    assert run(2)["first"] != first
    if script == "gan":
        assert names["generator"].training
        assert names["generator"][1].num_batches_tracked == 157
