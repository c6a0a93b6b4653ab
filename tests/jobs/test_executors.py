"""Jobs on this machine, by submitit's local executor, and by Ray: one interface."""

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.cli import TINY, ganzoo

from ganzoo.errors import GanzooError
from ganzoo.jobs.child import STOPPED
from ganzoo.jobs.elsewhere import Submitted, carry_out
from ganzoo.jobs.executor import Executor, Handle, Job
from ganzoo.jobs.local import Local, LocalConfig
from ganzoo.plugins.equip import executor_of
from ganzoo.runs.run import Run
from ganzoo.testing import check_executor

OTHERS = {"submitit": "submitit:cluster=local", "ray": "ray"}


@dataclass(frozen=True)
class Waiting(Job):
    """Waits for ever, unless it is interrupted."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(9999)"]


def waiting(folder: Path) -> Waiting:
    return Waiting("wait", [], folder / "wait.log", folder, 1)


def ended(handle: Handle) -> int:
    while (status := handle.status()) is None:
        time.sleep(0.05)
    return status


def until_begun(job: Job) -> None:
    while not job.log.exists() or "here" not in job.log.read_text():
        time.sleep(0.05)


def test_the_local_one_conforms() -> None:
    check_executor("local")


def test_a_process_here_is_stopped(tmp_path: Path) -> None:
    job = waiting(tmp_path)
    handle = Local(LocalConfig()).submit(job)
    until_begun(job)
    assert handle.status() is None
    handle.stop()
    assert ended(handle) == STOPPED


def test_each_run_has_its_threads_and_its_gpu(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Telling(Job):
        @property
        def command(self) -> list[str]:
            names = "'OMP_NUM_THREADS', 'CUDA_VISIBLE_DEVICES'"
            return [sys.executable, "-c", f"import os; print(*map(os.environ.get, ({names})))"]

    executor = Local(LocalConfig(gpus="1;3"))
    said = []
    for number in range(3):
        job = Telling("tell", [], tmp_path / f"{number}.log", tmp_path, 2, on_gpu=True)
        assert ended(executor.submit(job)) == 0
        said.append(job.log.read_text().strip())
    assert said == ["2 1", "2 3", "2 1"]


class InThread(Submitted):
    """A job that a thread carries out."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.found: list[int] = []
        self.thread = threading.Thread(target=lambda: self.found.append(carry_out(job)))
        self.cancelled = False

    def ended(self) -> bool:
        return self.cancelled or (self.thread.ident is not None and not self.thread.is_alive())

    def result(self) -> int:
        return self.found[0]

    def cancel(self) -> None:
        self.cancelled = True


def test_a_job_elsewhere_is_stopped_by_a_file(tmp_path: Path) -> None:
    job = waiting(tmp_path)
    handle = InThread(job)
    handle.thread.start()
    until_begun(job)
    handle.stop()
    assert (ended(handle), handle.cancelled) == (STOPPED, False)
    assert not job.stop_file.exists()  # so that it may be submitted again


def test_a_job_elsewhere_that_has_not_begun_never_does(tmp_path: Path) -> None:
    job = waiting(tmp_path)
    handle = InThread(job)
    handle.stop()
    assert carry_out(job) == STOPPED  # the queue may be quicker
    assert (ended(handle), handle.cancelled) == (STOPPED, True)
    assert not job.log.exists()


def test_submitit_finds_nothing_that_somebody_has_put_there(tmp_path: Path) -> None:
    """It unpickles what lies in its folder by the number of a job."""
    pytest.importorskip("submitit", reason="needs `pip install submitit`")
    folders = []
    for _ in range(2):
        job = Job("done", ["--version"], tmp_path / "done.log", tmp_path, 1)
        handle = executor_of("submitit:cluster=local").submit(job)
        folders += [path for path in tmp_path.iterdir() if path.is_dir() and path not in folders]
        assert ended(handle) == 0
    assert len(folders) == 2
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in folders)


def test_a_job_that_reaches_its_minutes_is_stopped_and_not_lost(tmp_path: Path) -> None:
    """Its run has saved, and goes on with the same command, as the help of the setting says."""
    submitit = pytest.importorskip("submitit", reason="needs `pip install submitit`")
    from ganzoo.jobs.slurm import SubmititHandle

    def ended(reason: str) -> int | None:
        def result() -> int:
            raise submitit.core.utils.UncompletedJobError(f"Job not requeued because: {reason}.")

        handle = SubmititHandle(waiting(tmp_path))
        handle.submitted = SimpleNamespace(done=lambda: True, result=result)
        return handle.status()

    assert ended("timed-out and not checkpointable") == STOPPED
    assert ended("preempted too many times") == 1


def test_a_job_that_is_lost_is_told(tmp_path: Path) -> None:
    job = waiting(tmp_path)
    handle = InThread(job)
    handle.cancelled = True  # by somebody else
    assert handle.status() == 1
    assert "the job was lost" in job.log.read_text()


@pytest.mark.parametrize("library", OTHERS)
def test_others_conform_and_train(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(library, reason=f"needs `pip install {library}`")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")  # a socket's path may have 107 bytes
    for name in ("submitit", "ray", "torch", "json", "cloudpickle", "ganzoo"):  # of a stranger
        Path(f"{name}.py").write_text(f"open({str(tmp_path / 'in')!r}, 'w')\nraise ImportError")
    text = OTHERS[library]
    if library == "submitit":
        check_executor(text)
    args = ("--steps", 2, "--set", "lr=1e-3", "--no-evaluate", "--out", "s")
    result = ganzoo("sweep", "vanilla", *TINY, *args, "--executor", text)
    assert result.status == 0, (result.err, result.out)
    assert Run.open(Path("s/lr=0.001_seed=0")).state == "finished"
    assert not Path("in").exists()


@pytest.mark.parametrize("library", OTHERS)
def test_what_is_missing_is_named_with_its_extra(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(GanzooError, match=rf"pip install 'ganzoo-core\[{library}\]'"):
        executor_of(library)


def test_a_name_and_its_settings_are_checked(tmp_path: Path) -> None:
    for text, saying in (
        ("slurm", "there is no executor 'slurm'"),
        ("local:gpu=1", "there is no setting 'gpu': did you mean 'gpus'"),
        ("local,ray", "names 2 executors"),
    ):
        args = ("--set", "lr=1", "--executor", text, "--out", tmp_path / "s")
        result = ganzoo("sweep", "vanilla", *TINY, *args)
        assert result.status == 2
        assert saying in result.err
        assert not (tmp_path / "s").exists()


def test_they_are_listed() -> None:
    out = ganzoo("executors").out
    for name in ("local", "submitit", "ray"):
        assert f"\n{name} " in out


def test_one_with_a_queue_shares_no_cores(tmp_path: Path) -> None:
    class Queue(Executor):
        Config = LocalConfig

        def submit(self, job: Job) -> Handle:
            raise AssertionError

    assert Queue(LocalConfig()).cores is None
