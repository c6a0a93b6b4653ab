"""`ganzoo bench --quality`: what is asked of the program, what is made of its answers, going on.

Most tests put a small program in the place of ``python -m ganzoo``, which makes runs as it does.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.cli import ganzoo

from ganzoo.bench.quality import measure as measuring
from ganzoo.bench.quality.measure import (
    Budget,
    Request,
    Result,
    measure,
    training_parts,
    training_seconds,
)
from ganzoo.bench.quality.report import (
    describe,
    half_interval,
    make_tables,
    remarks,
    write_quality_report,
)
from ganzoo.errors import GanzooError
from ganzoo.runs.child import STOPPED, follow

STUB = '''
"""Trains "good", "slow" and "endless" until they are stopped, "slow" once.

"diverging" and "collapsing" do so, "unsuited" is refused.
"""
import json, signal, struct, sys, time
from datetime import datetime
from pathlib import Path

here = Path(__file__).parent
command, *args = sys.argv[1:]
with (here / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
flags = dict(zip(args, args[1:]))


def log(message):
    with (run / "log.txt").open("a") as file:
        file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {message}\\n")


def save(step):
    folder = run / "checkpoints" / f"{step:08d}"
    folder.mkdir(parents=True, exist_ok=True)
    head = b'{"feed.drawn": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}}'
    content = struct.pack("<Q", len(head)) + head + struct.pack("<q", 5 * step)
    (folder / "state.safetensors").write_bytes(content)


def close(outcome):
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content | {"outcome": outcome}))


if command == "evaluate":
    run = Path(args[0])
    content = json.loads((run / "run.json").read_text())
    value = 10.0 + content["training"]["seed"]
    score = {"name": "frechet", "value": value, "better": "lower", "real": 0.5}
    step = max(int(path.name) for path in (run / "checkpoints").iterdir())
    print(json.dumps({"run": str(run), "step": step, "protocol": "P", "scores": [score]}))
    sys.exit()

name = args[0]
if name == "unsuited":
    sys.exit("ganzoo: error: unsuited needs labelled data")
if "--resume" in flags:
    run = Path(flags["--resume"])
    name = json.loads((run / "run.json").read_text())["variant"]["name"]
else:
    run = Path(flags["--out"])
    run.mkdir(parents=True)
    (run / "checkpoints").mkdir()
    (run / "run.json").write_text(json.dumps({
        "variant": {"name": name, "plugin": "ganzoo-stub", "version": "1.0"},
        "config": {},
        "training": {"seed": int(flags["--seed"]), "steps": 7, "batch_size": 64},
        "data": {"name": "glyphs", "shape": [1, 28, 28], "classes": 10, "samples": 9},
        "device": "cpu",
        "versions": {"torch": "2.0"},
    }))
    save(0)
if name == "endless":
    time.sleep(0.5)  # as an import takes, in which nothing handles a signal
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
log("step 0 of 7: training")
if name in ("diverging", "collapsing"):
    outcome = {"diverging": "diverged", "collapsing": "collapsed"}[name]
    close(outcome)
    sys.exit(f"ganzoo: error: training {outcome}: see for yourself")
if name == "endless" or (name == "slow" and "--resume" not in flags):
    (here / "slow").touch()
    while not stopped:
        time.sleep(0.02)
    time.sleep(0.2)
    save(3)
    log(f"step 3: stopped after {len(stopped)} signals")
    close("stopped")
    sys.exit(130)
save(7)
log("step 7: finished")
close("finished")
'''

MACHINE = {"device": "A Processor", "cores": 4, "threads": 2}


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in; the file lists what it was asked for."""
    (tmp_path / "stub.py").write_text(STUB)
    monkeypatch.setattr(measuring, "PROGRAM", (sys.executable, str(tmp_path / "stub.py")))
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


def silent(what: str, news: str) -> None:
    """A report that nobody reads."""


def request(folder: Path, budget: str | None = "7", *flags: str) -> Request:
    return Request(Budget.parse(budget), folder / "runs", flags)


def forget_evaluation(record: Path) -> None:
    """Leave what a benchmark knows that was interrupted before it was told of the evaluation."""
    content = json.loads(record.read_text())
    kept = ("variant", "seed", "budget", "commands")
    record.write_text(json.dumps({key: content[key] for key in kept}))


def page_of(results: list[Result], unsuitable: dict[str, str], folder: Path) -> tuple[str, Any]:
    """The page and the JSON that are written."""
    facts = describe(results, MACHINE, "ganzoo bench --quality good")
    page, data = write_quality_report(folder, results, unsuitable, facts)
    assert data.stem == page.stem
    return page.read_text(), json.loads(data.read_text())


def test_each_seed_is_trained_and_evaluated_once(tmp_path: Path, calls: Path) -> None:
    asked = request(tmp_path, "7steps", "--dataset", "glyphs")
    results, unsuitable = measure(["good"], 3, asked, silent)
    runs = tmp_path / "runs"
    assert calls.read_text().splitlines() == [
        line
        for seed in range(3)
        for line in (
            f"train good --dataset glyphs --steps 7 --seed {seed} --out {runs}/good-{seed}",
            f"evaluate {runs}/good-{seed} --json",
        )
    ]
    assert unsuitable == {}
    assert [one["step"] for one in results] == [7, 7, 7]
    assert [one["images"] for one in results] == [7 * 5 * 64] * 3
    (table,) = make_tables(results)
    cells = [[cell.text for cell in line] for line in table.lines(half_interval)]
    # 10, 11, 12: the deviation is 1, and Student's t of two degrees of freedom 4.303
    assert cells == [["good", "3", "7", "11.0 ± 2.5"], ["real data", "", "", "0.5"]]

    again = measure(["good"], 3, asked, silent)
    assert again == (results, {})
    assert len(calls.read_text().splitlines()) == 6
    more, _ = measure(["good"], 4, asked, silent)
    assert len(more) == 4
    assert len(calls.read_text().splitlines()) == 8


def test_what_is_written(tmp_path: Path, calls: Path) -> None:
    results, unsuitable = measure(["good", "unsuited"], 2, request(tmp_path), silent)
    for one in results:
        one["seconds"] = 3.0  # it took none, and from one second of the clock to the next one
    day = datetime.now()
    page, data = page_of(results, unsuitable, tmp_path / "out")
    if datetime.now().date() != day.date():  # midnight has come
        page = page.replace(f"{datetime.now():%Y-%m-%d}", f"{day:%Y-%m-%d}")
    for line in (
        "- device: A Processor",
        "- threads: 2",
        "- versions: torch 2.0, ganzoo-stub 1.0",
        f"- date: {day:%Y-%m-%d}",
        "- command: `ganzoo bench --quality good`",
        "- ±: half the 95% confidence interval of the mean over seeds (Student's t)",
        "- unsuited is not trained: unsuited needs labelled data",
        "Protocol: P",
        "| run | runs | step | frechet ↓ |",
        "| good | 2 | 7 | 10.5 ± 6.4 |",  # 12.706 * 0.7071 / sqrt(2)
        "| good | glyphs | 0, 1 | 7 | 2,240 | 3 |",
        f"ganzoo train good --steps 7 --seed 1 --out {tmp_path}/runs/good-1",
        f"ganzoo evaluate {tmp_path}/runs/good-1 --json",
    ):
        assert line in page.splitlines()
    assert data["tables"][0]["rows"][0]["scores"]["frechet"]["half_interval"] == pytest.approx(
        6.353, abs=1e-3
    )
    assert data["unsuitable"] == {"unsuited": "unsuited needs labelled data"}
    assert [one["seed"] for one in data["trials"]] == [0, 1]
    page_of(results, unsuitable, tmp_path / "out")
    assert len([*(tmp_path / "out").iterdir()]) == 4  # nothing was overwritten


def test_one_seed_has_no_interval(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["good"], 1, request(tmp_path), silent)
    page, _ = page_of(results, {}, tmp_path / "out")
    assert "| good | 1 | 7 | 10 |" in page
    assert "±" not in page


def test_the_best_variant_is_bold(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["good"], 2, request(tmp_path), silent)
    worse = [one | {"variant": "worse"} for one in results[1:]]
    page, _ = page_of([*results, *worse], {}, tmp_path / "out")
    assert "| **10.5 ± 6.4** |" in page
    assert "| worse | 1 | 7 | 11 |" in page


def test_protocols_are_tables_of_their_own(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["good"], 2, request(tmp_path), silent)
    results[1]["evaluation"]["protocol"] = "Q"
    assert [(table.protocol, len(table.rows[0].found)) for table in make_tables(results)] == [
        ("P", 1),
        ("Q", 1),
    ]


def test_a_variant_that_does_not_suit_is_tried_once(tmp_path: Path, calls: Path) -> None:
    results, unsuitable = measure(["unsuited", "good"], 2, request(tmp_path), silent)
    assert unsuitable == {"unsuited": "unsuited needs labelled data"}
    assert [one["variant"] for one in results] == ["good", "good"]
    assert calls.read_text().count("train unsuited") == 1


@pytest.mark.parametrize(("name", "outcome"), [("diverging", "diverged"), ("collapsing", "coll")])
def test_a_training_that_fails_is_told_and_not_repeated(
    name: str, outcome: str, tmp_path: Path, calls: Path
) -> None:
    for _ in range(2):
        results, unsuitable = measure([name, "good"], 2, request(tmp_path), silent)
        assert unsuitable == {}
        assert [outcome in one.get("error", "") for one in results] == [True, True, False, False]
        assert calls.read_text().count("train ") == 4
    told = remarks(results, unsuitable)
    assert [line.split(":")[0] for line in told[1:]] == [f"{name}, seed 0", f"{name}, seed 1"]
    assert name not in [row.label for row in make_tables(results)[0].rows]


def test_seconds_end_a_training_which_is_kept(tmp_path: Path, calls: Path) -> None:
    results, _ = measure(["slow"], 1, request(tmp_path, "1s"), silent)
    assert results[0]["step"] == 3
    assert results[0]["seconds"] >= 1
    assert results[0]["evaluation"]["step"] == 3
    log = (tmp_path / "runs/slow-0/log.txt").read_text()
    assert "stopped after 1 signals" in log
    assert "--steps" not in calls.read_text()

    forget_evaluation(tmp_path / "runs/.bench/slow-0.json")
    measure(["slow"], 1, request(tmp_path, "1s"), silent)
    assert [line.split()[0] for line in calls.read_text().splitlines()] == [
        "train",
        "evaluate",
        "evaluate",
    ]


def test_seconds_away_are_not_of_the_training(tmp_path: Path, calls: Path) -> None:
    asked = request(tmp_path, "2s")
    measure(["endless"], 1, asked, silent)
    run = tmp_path / "runs/endless-0"
    forget_evaluation(tmp_path / "runs/.bench/endless-0.json")
    day = "2020-02-29 10:00:"
    (run / "log.txt").write_text(f"{day}00  step 0 of 7: training\n{day}01  step 3: stopped\n")
    (result,), _ = measure(["endless"], 1, asked, silent)
    assert "error" not in result
    yesterday, today = training_parts(run)
    assert (yesterday[1] - yesterday[0]).seconds == 1
    assert (today[1] - today[0]).seconds >= 1  # of which the second that was left is one
    assert result["seconds"] == 1 + (today[1] - today[0]).seconds
    assert calls.read_text().splitlines()[2:] == [
        f"train --resume {run}",
        f"evaluate {run} --json",
    ]


@pytest.mark.parametrize(
    ("number", "at_first"),
    [
        (signal.SIGINT, "default_int_handler"),
        (signal.SIGINT, "SIG_IGN"),  # as in the background of a script
        (signal.SIGTERM, "default_int_handler"),
    ],
)
def test_a_program_is_asked_to_end_and_waited_for(
    number: int, at_first: str, tmp_path: Path, calls: Path
) -> None:
    arguments = ["train", "slow", "--seed", "0", "--out", str(tmp_path / "run")]
    log, ran = tmp_path / "log", tmp_path / "run/log.txt"
    python = (
        f"import signal\nsignal.signal(signal.SIGINT, signal.{at_first})\n"
        "from pathlib import Path\nfrom ganzoo.runs.child import follow\n"
        f"command = {[*measuring.PROGRAM, *arguments]!r}\n"
        f"try:\n    follow(command, Path({str(log)!r}), lambda news: None)\n"
        f"except KeyboardInterrupt:\n    print(Path({str(ran)!r}).read_text())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", python], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (tmp_path / "slow").exists():
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, number)  # as a terminal does
    said, _ = process.communicate()
    assert "stopped after 1 signals" in said


def test_a_program_that_cannot_handle_signals_yet_is_stopped_by_them(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    python = f"open({str(tmp_path / 'ready')!r}, 'w'); import time; time.sleep(60)"
    ready = (tmp_path / "ready").exists
    command = [sys.executable, "-c", python]
    assert follow(command, tmp_path / "log", lambda news: None, ready) == STOPPED


def test_an_interrupted_benchmark_goes_on(tmp_path: Path, calls: Path) -> None:
    def interrupted(what: str, news: str) -> None:
        if (tmp_path / "slow").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(["good", "slow"], 1, request(tmp_path), interrupted)
    results, _ = measure(["good", "slow"], 1, request(tmp_path), silent)
    assert [one["step"] for one in results] == [7, 7]
    runs = tmp_path / "runs"
    assert calls.read_text().splitlines() == [
        f"train good --steps 7 --seed 0 --out {runs}/good-0",
        f"evaluate {runs}/good-0 --json",
        f"train slow --steps 7 --seed 0 --out {runs}/slow-0",
        f"train --resume {runs}/slow-0",
        f"evaluate {runs}/slow-0 --json",
    ]


def test_a_finished_training_is_only_evaluated(tmp_path: Path, calls: Path) -> None:
    measure(["good"], 1, request(tmp_path), silent)
    forget_evaluation(tmp_path / "runs/.bench/good-0.json")
    results, _ = measure(["good"], 1, request(tmp_path), silent)
    assert results[0]["evaluation"]["step"] == 7
    assert [line.split()[0] for line in calls.read_text().splitlines()] == [
        "train",
        "evaluate",
        "evaluate",
    ]


@pytest.mark.parametrize(
    "left", ["run.json checkpoints", "run.json checkpoints/.00000000.123.tmp", "checkpoints", ""]
)
def test_a_training_killed_before_its_first_checkpoint_starts_again(
    left: str, tmp_path: Path, calls: Path
) -> None:
    measure(["good"], 1, request(tmp_path), silent)
    run = tmp_path / "runs/good-0"
    forget_evaluation(tmp_path / "runs/.bench/good-0.json")
    content = json.loads((run / "run.json").read_text())
    shutil.rmtree(run)
    run.mkdir()
    for name in left.split():
        if name == "run.json":
            (run / name).write_text(json.dumps(content | {"outcome": None}))
        else:
            (run / name).mkdir(parents=True)
    results, _ = measure(["good"], 1, request(tmp_path), silent)
    assert results[0]["step"] == 7
    assert calls.read_text().count("train good") == 2


def test_runs_made_in_another_way_are_not_used(tmp_path: Path, calls: Path) -> None:
    measure(["good"], 1, request(tmp_path), silent)
    before = calls.read_text()
    for other in (request(tmp_path, "8"), request(tmp_path, "7", "--batch-size", "5")):
        with pytest.raises(GanzooError, match=r"good-0 was made in another way \(`ganzoo train"):
            measure(["slow", "good"], 2, other, silent)
    (tmp_path / "runs/.bench/good-0.json").unlink()
    with pytest.raises(GanzooError, match="no run of this benchmark"):
        measure(["good"], 2, request(tmp_path), silent)
    (tmp_path / "runs/.bench/good-0.json").write_text("{")
    with pytest.raises(GanzooError, match=r"good-0\.json is damaged"):
        measure(["good"], 2, request(tmp_path), silent)
    assert calls.read_text() == before


def test_seconds_of_training_are_those_of_all_its_parts(tmp_path: Path) -> None:
    day = "2026-11-21 "
    (tmp_path / "log.txt").write_text(
        f"{day}10:00:00  step 0 of 9: training\n{day}10:00:30  step 3: 2 threads: faster\n"
        f"{day}10:01:00  step 5: stopped\n{day}12:00:00  step 5 of 9: training\n"
        f"{day}12:00:05  step 9: finished\nand a line of a message\n"
    )
    assert training_seconds(tmp_path) == 65
    assert training_seconds(tmp_path / "none") == 0


@pytest.mark.parametrize(
    ("text", "budget", "shown"),
    [
        (None, Budget(), "default"),
        ("600s", Budget(seconds=600), "600s"),
        ("0.5s", Budget(seconds=0.5), "0.5s"),
        ("2000", Budget(steps=2000), "2000steps"),
        ("2000steps", Budget(steps=2000), "2000steps"),
        ("1 step", Budget(steps=1), "1steps"),
    ],
)
def test_budgets(text: str | None, budget: Budget, shown: str) -> None:
    assert Budget.parse(text) == budget
    assert str(budget) == shown


@pytest.mark.parametrize("text", ["", "0", "0s", "1.5", "-3", "10min", "s", "1e3", "nan"])
def test_budgets_that_are_none(text: str) -> None:
    with pytest.raises(GanzooError, match="--budget is seconds such as 600s"):
        Budget.parse(text)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("vanilla", "--budget", "5"), "--budget belongs to the measurement of quality"),
        (("vanilla", "--seeds", "3"), "--seeds belongs to the measurement of quality"),
        (("vanilla", "--runs", "x"), "--runs belongs to the measurement of quality"),
        (("--quality", "--modes", "eager"), "--modes belongs to the measurement of speed"),
        (("--quality", "--precision", "fp32"), "--precision belongs to the measurement of speed"),
        (("--quality", "--seconds", "3"), "--seconds belongs to the measurement of speed"),
        (("--quality", "--steps", "3"), "--steps belongs to the measurement of speed"),
        (("--quality", "--profile", "x"), "--profile belongs to the measurement of speed"),
        (("--quality", "--budget", "soon"), "--budget is seconds such as 600s"),
        (("--quality", "vanila"), "did you mean 'vanilla'"),
        (("--quality", "--report", __file__), "is a file"),
        (("--quality", "--set", "seed=3"), "--set seed is not possible with --quality"),
    ],
)
def test_bad_input_is_refused_before_anything_is_done(
    args: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ganzoo("bench", *args)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert [*tmp_path.iterdir()] == []


def test_looking_at_it_does_not_import_torch() -> None:
    code = (
        "import sys; import ganzoo.cli.commands.bench, ganzoo.cli.quality; "
        "import ganzoo.bench.quality.report; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_program_refuses_before_it_makes_a_run(tmp_path: Path) -> None:
    refused = ganzoo("train", "cyclegan", "--dataset", "ring8", "--out", tmp_path / "run")
    assert refused.status == 2
    assert [*tmp_path.iterdir()] == []  # by which it is told from a training that fails


def test_the_smallest_gan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("ganzoo.bench.speed.compare.describe_machine", lambda device: MACHINE)
    result = ganzoo(
        *("bench", "--quality", "vanilla", "--dataset", "ring8", "--budget", "5"),
        *("--seeds", "1", "--set", "generator-widths=8", "--set", "discriminator_widths=8"),
        *("--batch-size", "16", "--json"),
    )
    assert result.status == 0, result.err
    data = json.loads(result.out)
    trial = data["trials"][0]
    assert (trial["step"], trial["images"]) == (5, 5 * 16)
    (table,) = data["tables"]
    assert "ring8" in table["protocol"]
    assert {"modes", "high_quality"} <= table["rows"][0]["scores"].keys()
    runs = Path("runs/quality-ring8-5steps")
    settings = json.loads((runs / "vanilla-0" / "run.json").read_text())
    assert settings["config"]["generator_widths"] == [8]
    assert "vanilla, seed 0: training" in result.err.splitlines()
    written = [Path(line) for line in result.err.splitlines() if line.startswith("benchmarks")]
    assert [path.suffix for path in written] == [".md", ".json"]
    assert json.loads(written[1].read_text())["tables"] == data["tables"]
    assert [path.name for path in runs.glob("[!.]*")] == ["vanilla-0"]  # for `ganzoo compare *`
