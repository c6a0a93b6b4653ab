"""However a training is stopped, it is saved, it is noted, and it goes on."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from helpers.children import CONTEXT, after, on_pipe
from helpers.children import start as start_child
from helpers.cli import TINY, ganzoo, train_tiny, tree

from ganzoo.artifacts import pictures
from ganzoo.errors import GanzooError
from ganzoo.runs.hold import Unwritable
from ganzoo.runs.run import Run
from ganzoo.training.observer import Observer, Record, Start
from ganzoo.training.resume import resume
from ganzoo.training.start import start
from ganzoo.training.watching import overview

OFTEN = "import ganzoo.cli.display\nganzoo.cli.display.QUIET = 0.0"
EAGER = ("train", "vanilla", *TINY, "--mode", "eager")
LONG = (*EAGER, "--steps", "1000000", "--log-every", "1")


def log(run: Path) -> str:
    return (run / "log.txt").read_text().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_ends_programs_ends_it_in_order(tmp_path: Path, number: int) -> None:
    child = start_child(tmp_path, "train", after, OFTEN, *LONG, "--out", str(tmp_path / "run"))
    child.say("\nstep ")
    child.hear(number)
    assert child.wait() == 130
    assert Run.open(tmp_path / "run").state == "stopped"
    assert log(tmp_path / "run").endswith("stopped")
    for name in ("samples.gif", "curves.png"):
        assert (tmp_path / "run" / name).stat().st_size > 0


def test_nohup_is_obeyed(tmp_path: Path) -> None:
    """Who has SIGHUP ignored wants the training to go on when the terminal is closed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    class Hung(Observer):
        def logged(self, record: object) -> None:
            os.kill(os.getpid(), signal.SIGHUP)

    try:
        given = {"dataset": "ring8", "mode": "eager", "steps": 3, "log_every": 1}
        assert start("vanilla", given, tmp_path / "run", Hung()).fit().finished
    finally:
        signal.signal(signal.SIGHUP, before)


def test_it_stops_when_the_reader_of_its_pipe_goes_away(tmp_path: Path) -> None:
    reading, writing = CONTEXT.Pipe(duplex=False)
    out = ("--out", str(tmp_path / "run"))
    child = start_child(tmp_path, "train", on_pipe, writing, OFTEN, *LONG, *out)
    writing.close()
    with open(reading.fileno(), closefd=False) as stdout:
        assert "variant" in stdout.readline()
    reading.close()  # as `| head -1` does
    assert (child.wait(), child.err.read_text()) == (130, "")
    run = Run.open(tmp_path / "run")
    assert run.state == "stopped"
    assert log(run.path).endswith("stopped, as nobody reads what it says any more")
    assert ganzoo("train", "--resume", run.path, "--steps", run.step + 1).status == 0


def test_a_full_disk_under_its_output_does_not_stop_it(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    out = f"import sys\nsys.stdout = open('/dev/full', 'w')\n{OFTEN}"
    flags = ("--steps", "3", "--out", str(tmp_path / "run"))
    assert start_child(tmp_path, "train", after, out, *EAGER, *flags).wait() == 0
    assert Run.open(tmp_path / "run").state == "finished"


def test_one_killed_after_its_last_step_is_finished_by_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    train_tiny(whole)
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "animate", lambda *_: sys.exit("as if it were killed"))
        with pytest.raises(SystemExit):
            train_tiny(torn)
    assert Run.open(torn).state == "killed"
    assert f"go on with: ganzoo train --resume {torn}" in ganzoo("runs", tmp_path).out
    assert ganzoo("train", "--resume", torn).status == 0
    assert Run.open(torn).state == "finished"
    for name in ("metrics.jsonl", "samples.gif"):
        assert (torn / name).read_bytes() == (whole / name).read_bytes()
    assert ganzoo("train", "--resume", torn).status == 2  # as of any that is finished


def test_one_whose_disk_fails_after_its_last_step_is_finished_by_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the campaign of faults: it was said to go on with --resume, which refused it."""

    def fails(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "animate", fails)
        done = ganzoo("train", "vanilla", *TINY, "--steps", 5, "--out", run)
    assert (done.status, Run.open(run).state) == (2, "crashed")
    assert f"go on with --resume {run}" in done.err
    assert ganzoo("train", "--resume", run).status == 0
    assert (run / "samples.gif").exists()


def test_curves_and_film_are_there_while_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "ASSUMED", 0.0)
    seen: list[int] = []

    class Looking(Observer):
        def logged(self, record: Record) -> None:
            if (tmp_path / "run" / "curves.png").exists():
                assert (tmp_path / "run" / "samples.gif").exists()
                seen.append(record.step)

    given = {"dataset": "ring8", "mode": "eager", "steps": 4, "sample_every": 2, "log_every": 1}
    start("vanilla", given, tmp_path / "run", Looking()).fit()
    assert seen == [3, 4]


def test_the_step_of_a_run_is_that_of_its_last_record(tmp_path: Path) -> None:
    run = Run.open(train_tiny(tmp_path / "run"))
    run.append_metrics({"step": 30, "generator_loss": 1.0})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 40, "gener')  # it is just being written
    with run.locked():
        (row,) = json.loads(ganzoo("runs", tmp_path, "--json").out)
    assert (row["state"], row["step"]) == ("running", 30)


@pytest.mark.parametrize("instead", [True, False])
@pytest.mark.parametrize("every", [{"checkpoint_every": 1}, {"sample_every": 1}, {"log_every": 1}])
def test_a_run_that_is_moved_leaves_another_in_its_place_alone(
    tmp_path: Path, every: dict[str, int], instead: bool
) -> None:
    run, other = tmp_path / "run", train_tiny(tmp_path / "other", "--seed", 7)
    before = tree(other)

    class Moving(Observer):
        def started(self, start: Start) -> None:
            run.rename(tmp_path / "moved")
            if instead:
                other.rename(run)

    seldom = {"checkpoint_every": 9, "sample_every": 9, "log_every": 9} | every
    given = {"dataset": "ring8", "mode": "eager", "steps": 4, **seldom}
    with pytest.raises(GanzooError, match="not the folder any more"):
        start("vanilla", given, run, Moving()).fit()
    assert tree(run if instead else other) == before
    assert json.loads((tmp_path / "moved" / "run.json").read_text())["outcome"] is None


@pytest.mark.parametrize("above", [True, False])
def test_a_link_by_which_a_run_is_trained_may_be_set_anew(tmp_path: Path, above: bool) -> None:
    """Its training ended, and what followed the last checkpoint was lost, though it was there."""
    for name in ("one", "two"):
        train_tiny(tmp_path / name / "run")
    link = tmp_path / "latest"
    target = "{}" if above else "{}/run"
    link.symlink_to(target.format("one"))

    class Relinking(Observer):
        def started(self, start: Start) -> None:
            link.unlink()
            link.symlink_to(target.format("two"))

    path = link / "run" if above else link
    before = tree(tmp_path / "two")
    resume(path, {"steps": 9}, Relinking()).fit()
    assert Run.open(tmp_path / "one/run").step == 9
    assert Run.open(tmp_path / "one/run").state == "finished"
    assert tree(tmp_path / "two") == before


def test_a_run_that_was_trained_on_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    """Between its being set up and its first step nobody holds it."""
    path = train_tiny(tmp_path / "run")
    late = resume(path, {"steps": 9})
    resume(path, {"steps": 12}).fit()
    before = tree(path)
    with pytest.raises(GanzooError, match="was trained to step 12 by another process"):
        late.fit()
    assert tree(path) == before


def test_what_can_go_on_is_listed_with_its_command(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "a run")
    assert "go on with" not in ganzoo("runs", tmp_path).out
    opened = Run.open(run)
    opened.close(None)
    (row,) = json.loads(ganzoo("runs", tmp_path, "--json").out)
    assert (row["state"], row["resume"]) == ("killed", f"ganzoo train --resume '{run}'")
    assert ganzoo("runs", tmp_path).out.endswith(f"go on with: ganzoo train --resume '{run}'\n")


def test_a_disk_that_can_only_be_read_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_tiny(tmp_path / "run")
    before = tree(run)
    true = os.open

    def refusing(path: object, flags: int, *args: object, **named: object) -> int:
        if str(path).endswith(".lock") and flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(30, "Read-only file system")
        return true(path, flags, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    done = ganzoo("train", "--resume", run, "--steps", 9)
    assert done.status == 2
    assert "cannot be trained where it is (Read-only file system): copy the folder" in done.err
    assert tree(run) == before
    with pytest.raises(Unwritable), Run.open(run).locked():
        pass
    assert Run.open(run).state == "finished"


def test_of_two_starts_on_one_folder_one_wins_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looks before the first has written, and writes after."""
    out = tmp_path / "run"
    settings = Run.open(train_tiny(tmp_path / "other")).settings
    mkdir, won = Path.mkdir, list[Run]()

    def slow(path: Path, *args: object, **named: object) -> None:
        if path == out and not won:
            won.append(Run.__new__(Run))
            won[0] = Run.create(out, "run", settings)
        mkdir(path, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", slow)
    with pytest.raises(GanzooError, match="has just been taken by another process"):
        Run.create(out, "run", settings)
    assert Run.open(out).settings == settings
    assert {path.name for path in out.iterdir()} == {"run.json", "samples", "checkpoints"}


@pytest.mark.parametrize("name", ["log.txt", "metrics.jsonl", ".lock", "checkpoints", "samples"])
def test_a_strangers_run_cannot_have_files_written_elsewhere(tmp_path: Path, name: str) -> None:
    run, mine = train_tiny(tmp_path / "run"), tmp_path / "mine"
    inside = run / name
    if inside.is_dir():
        inside.rename(mine)
    else:
        inside.unlink(missing_ok=True)
        mine.write_text("precious")
    inside.symlink_to(mine)
    before = tree(mine) if mine.is_dir() else mine.read_bytes()
    done = ganzoo("train", "--resume", run, "--steps", 9)
    assert done.status == 2
    assert f"{inside} is a link" in done.err
    assert (tree(mine) if mine.is_dir() else mine.read_bytes()) == before


def test_names_in_a_strangers_run_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    told = json.loads((run / "run.json").read_text())
    told["data"]["name"] = "<script>\x1b]0;mine\x07\u202e"
    (run / "run.json").write_text(json.dumps(told))
    shown = ganzoo("runs", tmp_path).out
    assert "<script>\ufffd]0;mine\ufffd\ufffd" in shown
    done = ganzoo("train", "--resume", run, "--dataset", "\x1b[2J")
    assert (done.status, "\x1b" in done.err) == (2, False)
