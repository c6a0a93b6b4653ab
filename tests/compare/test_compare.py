"""`ganzoo compare`: who differs in what, and no two protocols in one column."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers.cli import ganzoo

from ganzoo.compare.runs import braced, compare
from ganzoo.compare.scoreboard import MISSING, Numbers, Table, tabulate
from ganzoo.errors import GanzooError
from ganzoo.runs.evaluations import store
from ganzoo.spec import DataSpec

MNIST = {"name": "mnist", "shape": [1, 28, 28], "classes": 10, "samples": 60000}
P, Q = "data mnist, n 10000", "data mnist, n 100"


def make_run(
    path: Path,
    *,
    seed: int = 0,
    variant: str = "vanilla",
    data: dict[str, Any] = MNIST,
    torch: str = "2.15.0",
    metrics: tuple[dict[str, float], ...] = (),
    quality_protocol: str | None = None,
    quality_better: dict[str, str] | None = None,
    **config: Any,
) -> Path:
    """A run directory as a training leaves it, without its checkpoints."""
    path.mkdir(parents=True)
    content = {
        "variant": {"name": variant, "plugin": f"ganzoo-{variant}", "version": "0.1.0"},
        "config": {"loss": "hinge", "lr": 1e-3} | config,
        "training": {"dataset": data["name"], "steps": 100, "seed": seed, "threads": None},
        "data": data,
        "device": "cpu",
        "versions": {"ganzoo": "0.1.0", "torch": torch, "python": "3.11.7"},
        "outcome": "finished",
    }
    if quality_protocol is not None:
        content |= {"quality_protocol": quality_protocol, "quality_better": quality_better or {}}
    (path / "run.json").write_text(json.dumps(content))
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in metrics))
    return path


def evaluated(run: Path, protocol: str = P, step: int = 100, **scores: float) -> Path:
    """The run with an evaluation: of a ``frechet``, lower is better, of all else, higher."""
    rows = [
        {
            "name": name,
            "value": value,
            "better": "lower" if name == "frechet" else "higher",
            "real": 0.5 if name == "frechet" else None,
        }
        for name, value in scores.items()
    ]
    store(run, step, {"protocol": protocol, "scores": rows})
    return run


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in line] for line in table.lines(lambda spread: spread.deviation)]


def best(table: Table) -> list[tuple[str, str]]:
    """The rows and the columns of the cells that are said to be best."""
    return [
        (line[0].text, header)
        for line in table.lines(lambda spread: None)
        for header, cell in zip(table.headers, line, strict=True)
        if cell.best
    ]


def test_runs_that_differ_in_the_seed_are_one_row(tmp_path: Path) -> None:
    for seed, frechet in enumerate((10.0, 11.0, 15.0)):
        evaluated(make_run(tmp_path / f"a-{seed}", seed=seed), frechet=frechet)
    evaluated(make_run(tmp_path / "b", seed=7, lr=1e-2), frechet=9.0)
    found = compare([*sorted(tmp_path.iterdir())])
    (table,) = found.tables
    label = f"{tmp_path}/a-{{0,1,2}}"
    assert table.headers == ["run", "runs", "step", "frechet ↓"]
    assert texts(table) == [
        [label, "3", "100", "12.0 ± 2.6"],  # (2² + 1² + 3²) / 2 = 2.65²
        [f"{tmp_path}/b", "1", "100", "9"],
        ["real data", "", "", "0.5"],
    ]
    assert best(table) == [(f"{tmp_path}/b", "frechet ↓")]
    assert found.differences == {"--seed": [[0, 1, 2], 7], "--lr": [1e-3, 1e-2]}
    row = found.to_dict()["tables"][0]["rows"][0]
    assert [one["frechet"] for one in row["runs"].values()] == [10.0, 11.0, 15.0]
    assert row["scores"]["frechet"]["count"] == 3
    assert row["scores"]["frechet"]["deviation"] == pytest.approx(math.sqrt(7))


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1, "lr": 2.0},
        {"seed": 1, "variant": "dcgan"},
        {"seed": 1, "torch": "2.14.0"},
        {"seed": 1, "data": MNIST | {"samples": 100}},
        {"seed": 1, "label_draw": 1},
        {"seed": 0},  # a second look at the first sample is none at a second one
    ],
)
def test_runs_that_differ_in_more_are_rows_of_their_own(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    runs = [make_run(tmp_path / "a"), make_run(tmp_path / "b", **other)]
    assert len(compare(runs).groups) == 2


def test_runs_that_got_to_different_steps_are_rows_of_their_own(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "a"), make_run(tmp_path / "b", seed=1)]
    (runs[0] / "checkpoints" / "00000100").mkdir(parents=True)
    (runs[0] / "checkpoints" / "00000100" / "manifest.json").touch()
    assert compare(runs).differences["trained to step"] == [100, 0]


def test_differences_are_all_and_nothing_else(tmp_path: Path) -> None:
    glyphs = {"name": "glyphs", "shape": [1, 28, 28], "classes": 10, "samples": 60000}
    runs = [
        make_run(tmp_path / "a", width=64),
        make_run(tmp_path / "b", variant="dcgan", data=glyphs, torch="2.14.0", seed=3),
    ]
    assert compare(runs).differences == {
        "variant": ["vanilla", "dcgan"],
        "plugin": ["ganzoo-vanilla", "ganzoo-dcgan"],
        "data": ["mnist", "glyphs"],
        "--seed": [0, 3],
        "--width": [64, None],
        "torch version": ["2.15.0", "2.14.0"],
    }


def test_protocols_never_share_a_column(tmp_path: Path) -> None:
    a = evaluated(make_run(tmp_path / "a"), P, frechet=10.0)
    b = evaluated(make_run(tmp_path / "b", seed=1), Q, frechet=2.0)
    c = evaluated(make_run(tmp_path / "c", lr=1.0), Q, frechet=3.0)
    found = compare([a, b, c])
    pair = f"{tmp_path}/{{a,b}}"
    assert {table.protocol: texts(table)[:-1] for table in found.tables} == {
        P: [[pair, "1 of 2", "100", "10"], [str(c), "1", MISSING, MISSING]],
        Q: [[pair, "1 of 2", "100", "2"], [str(c), "1", "100", "3"]],
    }
    assert [best(table) for table in found.tables] == [[], [(pair, "frechet ↓")]]
    (remark,) = found.remarks
    assert "different protocols" in remark
    assert "ganzoo evaluate RUN" in remark

    evaluated(a, Q, frechet=1.0)
    found = compare([a, b, c])
    assert found.remarks == []
    by_protocol = {table.protocol: texts(table)[0] for table in found.tables}
    assert by_protocol[Q] == [pair, "2", "100", "1.50 ± 0.71"]
    assert by_protocol[P] == [pair, "1 of 2", "100", "10"]


def test_data_of_the_user_may_have_been_renamed(tmp_path: Path) -> None:
    """What is compared is told by content; sets that all have are told by name."""
    end = "; features classifier 9c of {} (99 % of its test images); fake 100; real 100"
    names = "my photos", "my photos (old)"
    told = [f"ganzoo 1; data {name} 3x8x8, test split 0fa1{end.format(name)}" for name in names]
    runs = [
        evaluated(make_run(tmp_path / str(number), lr=number), protocol, frechet=10.0)
        for number, protocol in enumerate(told)
    ]
    (table,) = compare(runs).tables
    assert len(table.rows) == 2
    assert table.protocol == f"ganzoo 1; data 3x8x8, test split 0fa1{end.format('it')}"
    others = (told[0].replace("0fa1", "0fa2"), "ganzoo 1; data mnist 1x28x28, test split; fake 1")
    for number, protocol in enumerate(others):
        other = evaluated(make_run(tmp_path / f"b{number}", lr=9.0), protocol, frechet=1.0)
        assert len(compare([runs[0], other]).tables) == 2


def test_the_latest_step_under_a_protocol_counts(tmp_path: Path) -> None:
    a = evaluated(make_run(tmp_path / "a"), step=100, frechet=10.0)
    evaluated(a, step=50, frechet=1.0)
    b = evaluated(make_run(tmp_path / "b", lr=1.0), step=50, frechet=12.0)
    (table,) = compare([a, b]).tables
    assert texts(table)[:2] == [[str(a), "1", "100", "10"], [str(b), "1", "50", "12"]]


def test_runs_without_an_evaluation(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", lr=1.0)
    (remark,) = compare([a, b]).remarks
    assert remark.startswith("no run has an evaluation: `ganzoo evaluate RUN`")
    evaluated(a, frechet=10.0)
    found = compare([a, b])
    assert texts(found.tables[0])[1] == [str(b), "1", MISSING, MISSING]
    assert found.remarks[0].startswith(f"not evaluated: {b}: `ganzoo evaluate RUN`")


def test_best_by_what_is_better() -> None:
    def one(run: str, protocol: str = P, **values: float) -> list[Numbers]:
        better = {"frechet": "lower", "recall": "higher", "classes": "higher"}
        return [Numbers(run, protocol, 1, values, better)]

    (table,) = tabulate(
        {
            "a": [one("a0", frechet=1.0, recall=0.2, classes=10, loss=1)],
            "b": [one("b0", frechet=9.0, recall=0.8, loss=2), one("b1", frechet=1.0, classes=10)],
            "c": [one("c0", frechet=math.nan, recall=math.inf)],
        }
    )
    assert best(table) == [("a", "frechet ↓"), ("b", "recall ↑")]  # and all that equals is not
    rows = texts(table)
    assert rows[1] == ["b", "2", "1", "5.0 ± 5.7", "0.8 (1 of 2)", "10 (1 of 2)", "2 (1 of 2)"]
    assert rows[2] == ["c", "1", "1", "nan", "inf", MISSING, MISSING]


def test_losses_are_shown_only_beside_those_of_the_same_game(tmp_path: Path) -> None:
    logged = ({"step": 10, "d_loss": 9.0}, {"step": 20, "d_loss": 2.0})
    a = make_run(tmp_path / "a", metrics=logged)
    b = make_run(tmp_path / "b", metrics=logged, lr=1.0)
    c = make_run(tmp_path / "c", metrics=logged, loss="wasserstein")
    d = make_run(tmp_path / "d", metrics=logged, variant="dcgan")
    (table,) = compare([a, b, c, d]).tables
    assert texts(table) == [[str(a), "1", "20", "2"], [str(b), "1", "20", "2"]]
    assert best(table) == []
    assert "no measure of quality" in table.protocol
    assert compare([a, c, d]).tables == []


def test_measurements_of_a_training_are_shown_for_the_same_data(tmp_path: Path) -> None:
    metrics = (
        {"step": 20, "classifier_loss": 2.0},
        {"step": 20, "test_accuracy": 0.9},
        {"step": 40, "test_accuracy": 0.95},
        {"step": 50, "sample_diversity": 0.9},  # which is for the watchdog
    )
    small = MNIST | {"shape": [1, 14, 14]}
    a = make_run(tmp_path / "a", variant="sgan", metrics=metrics)
    b = make_run(tmp_path / "b", variant="other", metrics=metrics)
    c = make_run(tmp_path / "c", variant="sgan", metrics=metrics, data=small)
    d = make_run(tmp_path / "d")
    tables = [table for table in compare([a, b, c, d]).tables if "measured" in table.protocol]
    assert [texts(table) for table in tables] == [
        [[str(a), "1", "40", "0.95"], [str(b), "1", "40", "0.95"]],
        [[str(c), "1", "40", "0.95"]],
    ]
    assert "mnist 1x28x28" in tables[0].protocol


def test_qualities_in_training_are_shown_under_their_own_protocol(tmp_path: Path) -> None:
    metrics = (
        {"step": 20, "quality/frechet": 40.0},
        {"step": 40, "quality/frechet": 4.0},
        {"step": 50, "test_accuracy": 0.9},
    )
    runs = [
        make_run(
            tmp_path / "a",
            metrics=metrics,
            quality_protocol="by 1f3c",
            quality_better={"frechet": "lower", "other": "higher"},
        ),
        make_run(tmp_path / "b", metrics=metrics, quality_protocol="by 1f3c", lr=1.0),
        make_run(tmp_path / "c", metrics=metrics, quality_protocol="by 9a20", lr=2.0),
        make_run(tmp_path / "d", metrics=metrics, lr=3.0),
    ]
    accuracies, *qualities = compare(runs).tables
    assert [column.name for column in accuracies.columns] == ["test_accuracy"]
    assert texts(accuracies) == [[str(run), "1", "50", "0.9"] for run in runs]
    assert {table.protocol: texts(table) for table in qualities} == {
        "by 1f3c": [[str(run), "1", "40", "4"] for run in runs[:2]],
        "by 9a20": [[str(runs[2]), "1", "40", "4"]],
    }
    assert [column.header for table in qualities for column in table.columns] == [
        "quality/frechet ↓",
        "quality/frechet",
    ]


def test_bad_input_is_a_sentence(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b")
    (a / "samples").mkdir()
    for args, message in (
        ((), "two runs"),
        ((a,), "two runs"),
        ((a, a), "named twice"),
        ((a, tmp_path / "a" / "." / ".." / "a"), "named twice"),
        ((a, tmp_path / "none"), "does not exist"),
        ((a, tmp_path), "named twice"),
        ((a, tmp_path / "a" / "samples"), "not a run directory"),
    ):
        result = ganzoo("compare", *args)
        assert (result.status, result.out) == (2, "")
        assert result.err.count("\n") == 1
        assert message in result.err
    store(b, 1, {"protocol": P, "scores": [{"name": "frechet"}]})
    with pytest.raises(GanzooError, match="does not write: delete it"):
        compare([a, b])
    (b / "evaluations").rename(tmp_path / "away")
    for damage in ("[1]\n", '{"step": "x", "d_loss": 1}\n', '{"d_loss": 1}\n'):
        (b / "metrics.jsonl").write_text(damage)
        with pytest.raises(GanzooError, match="damaged"):
            compare([a, b])
    (b / "metrics.jsonl").unlink()
    content = json.loads((b / "run.json").read_text())
    del content["data"]["name"]
    (b / "run.json").write_text(json.dumps(content))
    with pytest.raises(GanzooError, match="damaged"):
        compare([a, b])


@pytest.mark.parametrize(
    ("paths", "label"),
    [
        (["runs/a"], "runs/a"),
        (["runs/a-0", "runs/a-1"], "runs/a-{0,1}"),
        (["00001-dcgan", "00012-dcgan"], "000{01,12}-dcgan"),
        (["a", "a-2"], "a{,-2}"),
        (["10", "20"], "{1,2}0"),
    ],
)
def test_labels_are_what_a_shell_expands(paths: list[str], label: str) -> None:
    assert braced(paths) == label
    echoed = subprocess.run(["bash", "-c", f"echo {label}"], capture_output=True, text=True)
    assert echoed.stdout.split() == paths


def test_what_cannot_matter_is_no_difference(tmp_path: Path) -> None:
    """The name and place of the same samples, and how often one looks."""
    runs = [make_run(tmp_path / str(number), seed=number) for number in range(4)]
    for number, (run, name) in enumerate(zip(runs, ("a", "b", "a", "b"), strict=True)):
        record = json.loads((run / "run.json").read_text())
        spec = DataSpec.of_shape((1, 28, 28), ("0", "1"), name).to_dict()
        record["data"] = {
            **spec,
            "samples": [9],
            "content": ["0fa1" if number < 2 else f"{number}e5d37"],
        }
        record["training"] |= {"data_root": f"/{number}", "sample_every": number, "log_every": 1}
        record["training"] |= {"evaluate_every": number or None}
        (run / "run.json").write_text(json.dumps(record))
    found = compare(runs[:2])
    assert (len(found.groups), found.differences) == (1, {})
    other = compare([runs[0], runs[2]])
    assert other.differences["data"] == ["a", "a of content 2e5d37"]
