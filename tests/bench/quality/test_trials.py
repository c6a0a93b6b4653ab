"""What is asked of the program for each trial, how it is stopped, and going on."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.bench.stand_in import request, silent

from ganzoo.bench.quality import measure as measuring
from ganzoo.bench.quality.measure import measure, training_parts, training_seconds
from ganzoo.bench.quality.report import half_interval, make_tables, remarks
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import STOPPED, follow


def forget_evaluation(record: Path) -> None:
    """Leave what a benchmark knows that was interrupted before it was told of the evaluation."""
    content = json.loads(record.read_text())
    kept = ("variant", "seed", "budget", "commands")
    record.write_text(json.dumps({key: content[key] for key in kept}))


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


def test_a_budget_keeps_to_its_time_when_the_clock_is_set_back(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of the log, which stands still meanwhile, it would never be over."""
    asked: list[bool] = []
    passed = iter(range(0, 10**6, 10))
    clock = SimpleNamespace(monotonic=lambda: next(passed))  # ten seconds from look to look
    monkeypatch.setattr(measuring, "time", clock)

    def instead(command: object, log: Path, tell: object, over: Callable[[], bool]) -> int:
        run = asking.run
        run.mkdir(parents=True)
        (run / "log.txt").write_text(
            "2020-10-25 02:59:59  step 0 of 7: training\n2020-10-25 02:00:09  step 1: 1 s\n"
        )
        asked.extend(over() for _ in range(4))
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "follow", instead)
    asking = measuring.Trial("good", 0, request(tmp_path, "25s"))
    with pytest.raises(KeyboardInterrupt):
        measuring.carry_out(asking, silent)
    assert asked == [False, False, True, True]


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
        "from pathlib import Path\nfrom ganzoo.jobs.child import follow\n"
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
        f"{day}10:01:00  step 5: stopped\n{day}11:59:59  from step 5 on --lr is 1, and was 2\n"
        f"{day}12:00:00  step 5 of 9: training\n"
        f"{day}12:00:05  step 9: finished\nand a line of a message\n"
    )
    assert training_seconds(tmp_path) == 65
    assert training_seconds(tmp_path / "none") == 0


def test_a_clock_that_is_set_back_takes_no_seconds_away(tmp_path: Path) -> None:
    day = "2026-10-25 "
    (tmp_path / "log.txt").write_text(
        f"{day}02:59:00  step 0 of 9: training\n{day}02:59:30  step 3: 2 threads: faster\n"
        f"{day}02:00:00  step 5: a word\n{day}02:00:10  step 9: finished\n"
    )
    assert training_seconds(tmp_path) == 40
