"""What runs jobs: the interface, of which ``--executor`` names an implementation."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ganzoo.jobs.child import PROGRAM


@dataclass(frozen=True)
class Job:
    """A command of ganzoo, to be run by a process of its own."""

    name: str
    """For whoever lists jobs."""
    arguments: Sequence[str]
    log: Path
    """To which what it says is appended: absolute, and where there are several machines, on a disk
    that they share."""
    folder: Path
    """In which it is run, likewise."""
    threads: int
    """That it computes with."""
    on_gpu: bool = False
    """Whether it would use a GPU of this machine."""

    @property
    def command(self) -> list[str]:
        """The program and its arguments, on the machine that asks."""
        return [*PROGRAM, *self.arguments]

    @property
    def environment(self) -> dict[str, str]:
        """That of the process that asks, and how many threads there are where no flag says it."""
        threads = str(self.threads)
        own = {"OMP_NUM_THREADS": threads, "TORCHINDUCTOR_COMPILE_THREADS": threads}
        return {**os.environ, **own}

    @property
    def stop_file(self) -> Path:
        """A file that, once it is there, asks a job on another machine to end."""
        return self.log.with_suffix(".stop")


class Handle(ABC):
    """A job that was submitted."""

    @abstractmethod
    def status(self) -> int | None:
        """Its exit status, 130 where it was stopped; None: it waits, or runs."""

    @abstractmethod
    def stop(self) -> None:
        """Ask it to save and to end, as Ctrl-C does; one that has not begun never does.

        Asked again, it ends at once, where that can be.
        """


class Executor(ABC):
    """Runs jobs somewhere.

    Its `Config` is a dataclass of `ganzoo.option` fields: ``--executor NAME:SETTING=VALUE``.
    """

    Config: ClassVar[type]

    def __init__(self, config: Any) -> None:
        """Take over the settings; nothing is begun before `submit`.

        Raises:
            GanzooError: what it needs is not installed.
        """
        self.config = config

    @property
    def cores(self) -> int | None:
        """That all its jobs share; None: it has a queue, in which jobs wait for theirs."""
        return None

    @abstractmethod
    def submit(self, job: Job) -> Handle:
        """Begin a job, or have it wait its turn.

        Raises:
            GanzooError: that cannot be.
        """

    def close(self) -> None:  # noqa: B027 (there may be nothing to do)
        """All jobs have ended."""
