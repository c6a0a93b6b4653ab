"""A folder of a sweep that somebody else has changed: nothing of theirs is lost, or obeyed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo

from ganzoo.errors import GanzooError
from ganzoo.jobs.executor import Job
from ganzoo.sweeps.plan import MOST, Trial, make_plan
from ganzoo.sweeps.space import grid

from .conftest import Here

SWEEP = ("sweep", "vanilla", *TINY, "--steps", 2, "--out", "s", "--jobs", 2, "--no-evaluate")
RATES = ("--set", "lr=1e-3,1e-2")
RUN = "lr=0.01_seed=0"

pytestmark = pytest.mark.usefixtures("blank")


@pytest.fixture
def swept(here: Here) -> Path:
    result = ganzoo(*SWEEP, *RATES)
    assert result.status == 0, result.err
    return Path("s").resolve()


def own_notes(run: Path) -> None:
    shutil.rmtree(run)
    run.mkdir()
    (run / "notes.txt").write_text("mine")


def no_record(run: Path) -> None:
    (run / "run.json").unlink()


def no_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()


def damaged(run: Path) -> None:
    (run / "run.json").write_text("{")


def a_file(run: Path) -> None:
    shutil.rmtree(run)
    run.write_text("mine")


def test_no_module_of_the_folder_that_it_is_called_in_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runs are processes of their own, and the folder may have come from anybody."""
    monkeypatch.chdir(tmp_path)
    for name in ("ganzoo", "torch", "json"):
        Path(f"{name}.py").write_text("open('let-in', 'w').close()\n")
    result = ganzoo(*SWEEP, "--set", "lr=1e-3")
    assert result.status == 0, result.err
    assert not Path("let-in").exists()


@pytest.mark.parametrize("change", [own_notes, no_record, no_checkpoints, damaged, a_file])
def test_what_lies_where_a_run_is_to_be_is_kept_and_said(
    swept: Path, change: Callable[[Path], None]
) -> None:
    change(swept / RUN)
    before = {path: path.read_bytes() for path in swept.glob(f"{RUN}/**/*") if path.is_file()}
    result = ganzoo(*SWEEP, "--set", "lr=1e-3,1e-2,1e-1")
    assert result.status == 1, result.err
    assert f"{RUN}: failed" in result.out
    assert "lr=0.1_seed=0: finished" in result.out
    assert {path: path.read_bytes() for path in before} == before


def test_what_was_killed_before_its_record_was_there_is_begun_anew(swept: Path) -> None:
    shutil.rmtree(swept / RUN)
    (swept / RUN / "samples").mkdir(parents=True)
    (swept / RUN / ".run.0123456789-01234567890123456789.tmp.json").write_text("{")
    result = ganzoo(*SWEEP, *RATES)
    assert result.status == 0, result.out
    assert f"{RUN}: finished" in result.out


@pytest.mark.parametrize("name", [f".logs/{RUN}.log", ".lock", RUN])
def test_links_of_a_stranger_are_not_followed(swept: Path, name: str) -> None:
    secret = swept.parent / "secret.txt"
    secret.write_text("mine")
    path = swept / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(secret)
    result = ganzoo(*SWEEP, *RATES)
    assert result.status == 2
    assert f"{Path(name).name} is a link" in result.err
    assert secret.read_text() == "mine"


def test_a_folder_that_cannot_be_held(swept: Path) -> None:
    (swept / ".lock").unlink(missing_ok=True)
    (swept / ".lock").mkdir()
    result = ganzoo(*SWEEP, *RATES)
    assert result.status == 2
    assert "the sweep's folder s cannot be written" in result.err


def test_a_file_in_the_place_of_the_folder(here: Here) -> None:
    Path("s").write_text("mine")
    result = ganzoo(*SWEEP, *RATES)
    assert result.status == 2
    assert "s holds something else than a sweep" in result.err


def test_a_job_that_cannot_be_begun_does_not_keep_others_from_it(here: Here) -> None:
    def full(job: Job) -> int | None:
        if job.name == RUN:
            raise OSError(28, "No space left on device")
        return None

    here.before = full
    result = ganzoo(*SWEEP, "--set", "lr=1e-3,1e-2,1e-1")
    assert result.status == 1
    assert f"{RUN}: failed at step 0: it cannot be begun: " in result.out
    assert "No space left on device" in result.out
    assert result.out.count(": finished at step 2") == 2


def test_a_name_of_many_bytes_fits_on_the_disk() -> None:
    roots = [letter * 100 for letter in "写真"]
    names = {Trial("vanilla", {}, {"data_root": root}, 0, Path()).name for root in roots}
    assert len(names) == 2
    assert all(len(name.encode()) <= 200 for name in names)


def test_two_runs_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, here: Here) -> None:
    """Names that are cut end in six digits, of which one has a pair among some thousands."""
    monkeypatch.setattr(Trial, "name", "one")
    result = ganzoo("sweep", "vanilla", *TINY, "--set", "lr=1e-3,1e-4", "--out", "swept")
    assert result.status == 2
    assert "two runs of this sweep would have one name" in result.err
    assert not Path("swept").exists()


def test_what_would_never_end_is_refused() -> None:
    many = tuple(range(1000))
    with pytest.raises(GanzooError, match="1,000,000,000 combinations"):
        grid({"a": many, "b": many, "c": many})
    with pytest.raises(GanzooError, match=f"1,000,000 runs, and a sweep has {MOST:,} at most"):
        make_plan(
            *("vanilla", {}, {"batch-size": [*range(1, 101)]}),
            **{"seeds": 10_000, "random": None, "out": None},
        )


def test_a_setting_that_is_varied_twice_is_not_forgotten(here: Here) -> None:
    result = ganzoo(*SWEEP, *RATES, "--set", "lr=0.5")
    assert result.status == 2
    assert "--set lr is there twice" in result.err


def test_a_flag_wins_over_the_file_however_it_is_spelled(here: Here) -> None:
    Path("a.toml").write_text("[set]\nlatent_dim = [2, 3]\n")
    result = ganzoo(*SWEEP, "--config", "a.toml", "--set", "latent-dim=4")
    assert result.status == 0, result.err
    assert [*json.loads(Path("s/sweep.json").read_text())["runs"]] == ["latent-dim=4_seed=0"]
