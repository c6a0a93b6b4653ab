"""What an executor must do with jobs."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ganzoo.jobs.executor import Executor, Handle, Job
from ganzoo.plugins.equip import executor_of
from ganzoo.plugins.registered import Registered
from ganzoo.spec import ExecutorSpec
from ganzoo.testing.check import Checks, Failure
from ganzoo.testing.registration import check_registration

PATIENCE = 300.0
"""Seconds for jobs that do hardly anything."""
POLL = 0.2
JOBS = {"loggers": 0, "no-such-command": 2}
"""What jobs are asked to do, and the exit status of that."""


@dataclass
class ExecutorSubject:
    """An installed executor."""

    registered: Registered[ExecutorSpec]
    text: str
    """As typed after ``--executor``."""

    @cached_property
    def executor(self) -> Executor:
        """One with these settings.

        Raises:
            GanzooError: it is no executor, or what it needs is not installed.
        """
        executor: Executor = executor_of(self.text)
        return executor


EXECUTOR_CHECKS = Checks[ExecutorSubject]()


@EXECUTOR_CHECKS.check("registration")
def _registration(subject: ExecutorSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@EXECUTOR_CHECKS.check("spec")
def _spec(subject: ExecutorSubject) -> None:
    """The spec says what runs the jobs."""
    if not subject.registered.spec.title.strip():
        raise Failure("the ExecutorSpec has no title: say what runs the jobs")


@EXECUTOR_CHECKS.check("target")
def _target(subject: ExecutorSubject) -> None:
    """One can be made with its settings, and is an Executor."""
    if not isinstance(subject.executor, Executor):
        raise Failure("it is no subclass of ganzoo.jobs.executor.Executor: make it one")


@EXECUTOR_CHECKS.check("jobs", needs=("target",))
def _jobs(subject: ExecutorSubject) -> None:
    """It runs jobs side by side, and tells their exit status and what they said."""
    executor = subject.executor
    with tempfile.TemporaryDirectory() as folder:
        begun = {}
        for word in JOBS:
            log = Path(folder) / f"{word}.log"
            begun[word] = executor.submit(Job(word, [word], log, Path(folder), 1)), log
        for word, (handle, log) in begun.items():
            found = _waited(handle, word)
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            if found != JOBS[word]:
                raise Failure(
                    f"`ganzoo {word}` ended with {found}, and must with {JOBS[word]}: status() is "
                    f"the exit status of Job.command (it said: {said.strip()[-200:]})"
                )
            if "ganzoo" not in said:
                raise Failure(f"what `ganzoo {word}` said is not in Job.log: append it there")
        executor.close()


def _waited(handle: Handle, word: str) -> int:
    begun = time.monotonic()
    while (status := handle.status()) is None:
        if time.monotonic() - begun > PATIENCE:
            handle.stop()
            raise Failure(f"`ganzoo {word}` has not ended after {PATIENCE:g} s")
        time.sleep(POLL)
    return status
