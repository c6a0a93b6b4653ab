"""``ganzoo sweep``: what it plans, begins, keeps, and says."""

import json
import re
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from helpers.places import ROOT

from ganzoo.jobs.executor import Job
from ganzoo.runs.run import Run
from ganzoo.sweeps.plan import MANIFEST, make_plan

from .conftest import Here

README = ROOT / "README.md"
SWEEP = ("sweep", "vanilla", *TINY, "--steps", 4, "--out", "s", "--jobs", 2)
RATES = ("--set", "lr=1e-3,1e-2")

pytestmark = pytest.mark.usefixtures("blank")


def test_each_run_is_an_ordinary_one_and_the_last_line_ranks(here: Here) -> None:
    result = ganzoo(*SWEEP, *RATES, "--seeds", 2)
    assert result.status == 0, result.err
    names = [f"lr={rate}_seed={seed}" for seed in (0, 1) for rate in ("0.001", "0.01")]
    assert sorted(path.name for path in Path("s").glob("*=*")) == sorted(names)
    for name in names:
        run = Run.open(Path("s") / name)
        assert (run.state, run.step) == ("finished", 4)
        assert f"lr={run.settings['config']['lr']}_seed={run.settings['training']['seed']}" == name
        assert run.settings["training"]["threads"] == 2  # 4 cores, 2 at once
    for name in names:
        assert [job.arguments[0] for job in here.jobs if job.name == name] == ["train", "evaluate"]
    *_, last, reason, edge = result.out.splitlines()
    assert "other score" in reason
    best = re.search(r"--lr (0\.0?01)", last)
    assert best is not None
    which = "largest that was tried: larger" if best[1] == "0.01" else "smallest that was tried"
    assert edge.startswith(f"--lr {best[1]} is the {which}")
    assert re.match(r"(best by \w+:|\w+ cannot tell apart) --lr 0\.0?01", last), last
    manifest = json.loads((Path("s") / MANIFEST).read_text())
    assert manifest["runs"]["lr=0.01_seed=1"] == {"lr": 0.01}
    assert ganzoo("compare", "s").out.splitlines()[-2:] == [last, reason]


def test_without_evaluations_it_is_said_how_they_are_ranked_later(here: Here) -> None:
    lines = ganzoo(*SWEEP, *RATES, "--no-evaluate").out.splitlines()
    assert lines[-1].startswith("none was evaluated: the same command without --no-evaluate does")
    assert lines[-2] == ""
    assert lines[-3]


def test_the_folder_is_called_after_the_data_as_runs_are() -> None:
    given = {"dataset": "folder", "data_root": "/somewhere/drawings"}
    plan = make_plan("vanilla", given, {}, seeds=1, random=None, out=None)
    assert plan.folder == Path("runs/sweep-vanilla-drawings")
    plan = make_plan("vanilla", given | {"dataset": "glyphs"}, {}, seeds=1, random=None, out=None)
    assert plan.folder == Path("runs/sweep-vanilla-glyphs")
    edges = given | {"dataset": "folder/edges"}
    plan = make_plan("vanilla", edges, {}, seeds=1, random=None, out=None)
    assert plan.folder == Path("runs/sweep-vanilla-drawings-edges")


def test_the_same_command_goes_on(here: Here) -> None:
    """What is finished is kept, what was stopped is resumed, what was not begun is begun."""

    def stop_the_second(job: Job) -> int | None:
        if job.name != "lr=0.01_seed=0":
            return None
        made = train_tiny(Path("s") / job.name, "--lr", 0.01)
        settings = json.loads((made / "run.json").read_text())
        settings["outcome"] = "stopped"
        settings["training"]["steps"] = 9
        (made / "run.json").write_text(json.dumps(settings))
        return 130

    here.before = stop_the_second
    stopped = ganzoo(*SWEEP, *RATES, "--no-evaluate")
    assert stopped.status == 0
    listed = ganzoo("runs", "s").out
    assert "s is a sweep with 1 run to finish: go on with the `ganzoo sweep` command" in listed
    assert "--resume" not in listed
    assert "lr=0.01_seed=0: stopped at step 5" in stopped.out
    kept = Path("s/lr=0.001_seed=0/run.json").read_bytes()
    here.jobs.clear()
    here.before = lambda job: None
    again = ganzoo(*SWEEP, "--no-evaluate", "--set", "lr=1e-3,1e-2,1e-1")
    assert again.status == 0, again.err
    assert [job.arguments[:3] for job in here.jobs] == [
        ["train", "--resume", "s/lr=0.01_seed=0"],
        ["train", "ganzoo-vanilla:vanilla", "--dataset"],
    ]
    assert Run.open(Path("s/lr=0.01_seed=0")).step == 9
    assert Path("s/lr=0.001_seed=0/run.json").read_bytes() == kept
    assert "lr=0.001_seed=0: finished" in again.out
    assert "nothing was left" not in again.out
    third = ganzoo(*SWEEP, "--no-evaluate", "--set", "lr=1e-3,1e-2,1e-1")
    assert "nothing was left to train: all runs were finished before" in third.out


def test_settings_of_runs_that_are_there_are_kept(here: Here) -> None:
    """Those of earlier values were forgotten with a command for others."""
    for rate in ("0.01", "0.02"):
        result = ganzoo(*SWEEP, "--set", f"lr={rate}", "--no-evaluate", "--out", "s")
        assert result.status == 0, result.err
    told = json.loads((Path("s") / MANIFEST).read_text())["runs"]
    assert sorted(one["lr"] for one in told.values()) == [0.01, 0.02]


def test_what_fails_or_diverges_does_not_stop_the_others(here: Here) -> None:
    def fail(job: Job) -> int | None:
        if "lr=0.001" not in job.name:
            return None
        job.log.write_text("ganzoo: error: the disk is full\n")
        return 2

    here.before = fail
    result = ganzoo(*SWEEP, "--set", "lr=1e-3,1e30", "--no-evaluate")
    assert result.status == 1
    assert re.search(r"lr=0.001_seed=0 +failed +0 +the disk is full", result.out)
    assert re.search(r"lr=1e\+30_seed=0 +diverged", result.out)
    assert "2 of 2 runs went wrong: what they said is in s/.logs" in result.out
    again = ganzoo(*SWEEP, "--set", "lr=1e30", "--no-evaluate")
    assert (again.status, len(here.jobs)) == (1, 2)  # which would diverge once more
    assert "the training diverged" in again.out


def test_an_evaluation_that_cannot_be_made_is_told_beside_the_run(here: Here) -> None:
    def unmeasured(job: Job) -> int | None:
        if job.arguments[0] == "train":
            return None
        job.log.write_text("ganzoo: error: there are no features\n")
        return 2

    here.before = unmeasured
    result = ganzoo(*SWEEP, "--set", "lr=1e-3")
    assert result.status == 1
    assert "not evaluated: there are no features" in result.out
    assert Run.open(Path("s/lr=0.001_seed=0")).state == "finished"


@pytest.mark.parametrize(
    ("args", "saying"),
    [
        (["--set", "lr=1e-3,-1"], "--lr must be above 0, not -1"),
        (["--set", "lr"], "--set must be NAME=VALUE,..."),
        (["--set", "lr=1..2"], "--random N draws"),
        (["--set", "lr=1e-3", "--lr", 1], "--lr is set, and varied by --set lr"),
        (["--set", "loss=hinge,hing"], "there is no loss 'hing': did you mean 'hinge'? (with loss"),
        (["--set", "batch-size=4,70000"], "is larger than the data set"),
        (["--set", "epochs=1,2"], "--steps and --epochs both say how long"),
        (["--random", 3], "--random draws from what --set names"),
        (["--set", "lr=1", "--jobs", "some"], "--jobs must be auto or a number"),
        (["--set", "lr=1", "--seeds", 0], "--seeds must be at least 1 and at most 10000, not 0"),
    ],
)
def test_all_is_checked_before_the_first_run(here: Here, args: list[object], saying: str) -> None:
    result = ganzoo(*SWEEP, *args)
    assert (result.status, here.jobs, Path("s").exists()) == (2, [], False)
    assert saying in result.err
    assert result.err.count("\n") == 1


def test_another_sweep_is_refused_in_the_folder(here: Here) -> None:
    assert ganzoo(*SWEEP, "--set", "lr=1e-3", "--no-evaluate").status == 0
    result = ganzoo(*SWEEP, "--set", "lr=1e-3", "--batch-size", 8)
    assert result.status == 2
    assert "s is a sweep with --batch-size as usual, and not 8: choose another" in result.err
    Path("other").mkdir()
    Path("other/file").touch()
    result = ganzoo(*SWEEP, "--set", "lr=1e-3", "--out", "other")
    assert "other holds something else than a sweep" in result.err


def test_a_dry_run_says_how_many_how_long_and_how_much(here: Here) -> None:
    result = ganzoo(*SWEEP, *RATES, "--seeds", 3, "--dry-run")
    assert (result.status, here.jobs, Path("s").exists()) == (0, [], False)
    assert "2 settings, 3 seeds each: 6 runs" in result.out
    assert re.search(r"duration +about \d+ (s|min)", result.out)
    assert re.search(r"disk +at most \d+ MB", result.out)
    told = json.loads(ganzoo(*SWEEP, *RATES, "--dry-run", "--json").out)
    assert (told["runs"], told["jobs"], told["threads"]) == (2, 2, 2)
    assert re.search(r"at the end +6 evaluations, one a run, of about \d+ s each", result.out)
    assert told["judging"]["each"] > 0
    assert told["evaluating"] is None


def test_a_file_has_all_of_it(here: Here) -> None:
    Path("sweep.toml").write_text(
        'variant = "vanilla"\ndataset = "ring8"\nsteps = 4\nseeds = 2\nrandom = 2\nout = "s"\n'
        'evaluate = false\njobs = 1\ngenerator-widths = [8]\ndiscriminator_widths = "8"\n'
        '[set]\nlr = "1e-4..1e-2"\nloss = ["hinge", "minimax"]\n'
    )
    result = ganzoo("sweep", "--config", "sweep.toml", "--seeds", 1)
    assert result.status == 0, result.err
    assert "lr is drawn from 0.0001 to 0.01, evenly on a logarithmic scale" in result.out
    assert len(here.jobs) == 2
    assert Run.open(next(Path("s").glob("lr=*"))).settings["config"]["generator_widths"] == [8]
    Path("sweep.toml").write_text('variant = "vanilla"\n[sett]\nlr = 1\n')
    assert "has a table [sett]" in ganzoo("sweep", "--config", "sweep.toml").err


def test_cores_are_shared_and_never_used_twice(here: Here) -> None:
    result = ganzoo(*SWEEP, *RATES, "--jobs", 9, "--threads", 2, "--no-evaluate")
    assert "--jobs 9 is too many for 4 cores: 2 at once" in result.out
    assert {job.threads for job in here.jobs} == {2}
    here.jobs.clear()
    assert ganzoo(*SWEEP, *RATES, "--jobs", "auto", "--no-evaluate", "--out", "t").status == 0
    assert {job.threads for job in here.jobs} == {2}  # two runs on four cores


def test_what_is_there_is_no_obstacle_to_a_forecast(here: Here) -> None:
    """By which it is known how many fit at once, and what a dry run says."""
    words = (*SWEEP, "--no-evaluate", "--seeds", 2, "--set", "lr=1e-3", "--jobs", "auto")
    assert ganzoo(*words).status == 0
    here.jobs.clear()
    again, dry = ganzoo(*words, "--seeds", 3), ganzoo(*words, "--dry-run")
    assert (again.status, dry.status) == (0, 0), again.err + dry.err
    assert [job.name for job in here.jobs] == ["lr=0.001_seed=2"]


@pytest.mark.usefixtures("few_drawn")
def test_the_commands_of_the_readme(here: Here) -> None:
    """Each is typed, with as few steps as there can be."""
    lines = re.findall(r"^ganzoo (sweep .*?)(?:  +#|$)", README.read_text(), re.MULTILINE)
    small = ("--steps", 1, "--width", 2, "--batch-size", 4, "--no-evaluate")
    for number, line in enumerate(lines):
        result = ganzoo(*line.split(), *small, "--out", f"s{number}")
        assert result.status == 0, (line, result.err)
    assert len(lines) == 3
    assert len(here.jobs) == 3 * 3 + 2  # and one was a dry run
