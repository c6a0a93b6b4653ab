"""A sweep whose jobs are done at once, in this process."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ganzoo.cli import run
from ganzoo.jobs.executor import Executor, Handle, Job
from ganzoo.jobs.local import LocalConfig
from ganzoo.sweeps import set_up


class Done(Handle):
    def __init__(self, status: int) -> None:
        self._status = status

    def status(self) -> int:
        return self._status

    def stop(self) -> None:
        raise AssertionError("it has ended")


class Here(Executor):
    """Does jobs at once; `before` may do something else to one."""

    Config = LocalConfig
    jobs: list[Job]

    def __init__(self, config: LocalConfig, before: Callable[[Job], int | None]) -> None:
        super().__init__(config)
        self.jobs, self.before = [], before

    @property
    def cores(self) -> int:
        return 4

    def submit(self, job: Job) -> Handle:
        self.jobs.append(job)
        status = self.before(job)
        if status is None:
            with job.log.open("a") as said, redirect_stdout(said), redirect_stderr(said):
                status = run(job.arguments)
        return Done(status)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    monkeypatch.chdir(tmp_path)
    made = Here(LocalConfig(), lambda job: None)
    monkeypatch.setattr(set_up, "executor_of", lambda text: made)
    return made
