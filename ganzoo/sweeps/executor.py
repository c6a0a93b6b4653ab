"""Where the processes of a sweep run: the interface, and this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import ClassVar

from ganzoo.config import option
from ganzoo.engine.cpu.threads import usable_cores
from ganzoo.runs.child import STOPPED

PROGRAM = (sys.executable, "-m", "ganzoo")


@dataclass(frozen=True)
class Job:
    """A command of ganzoo to be run in the current folder, by a process of its own."""

    name: str
    """Of the run, for whoever lists jobs."""
    arguments: Sequence[str]
    log: Path
    """To which what it says is appended."""
    threads: int
    """That it computes with."""
    on_gpu: bool = False
    """Whether it trains, or measures, on a GPU."""

    @property
    def command(self) -> list[str]:
        """The program and its arguments."""
        return [*PROGRAM, *self.arguments]

    @property
    def environment(self) -> dict[str, str]:
        """That of this process, and how many threads there are for what no flag says it."""
        threads = str(self.threads)
        own = {"OMP_NUM_THREADS": threads, "TORCHINDUCTOR_COMPILE_THREADS": threads}
        return {**os.environ, **own}


class Handle(ABC):
    """A job that was submitted."""

    @abstractmethod
    def status(self) -> int | None:
        """Its exit status, 130 where it was stopped; None: it waits, or runs."""

    @abstractmethod
    def stop(self) -> None:
        """Ask it to save and to end, as Ctrl-C does; asked again, a training ends at once.

        One that has not begun never does.
        """


class Executor(ABC):
    """Runs jobs somewhere: a subclass is what ``--executor NAME`` names.

    Its `Config` has settings of its own: ``--executor NAME:SETTING=VALUE``.
    """

    Config: ClassVar[type]

    def __init__(self, config: object) -> None:
        """Take over the settings; nothing is begun before `submit`."""
        self.config = config

    @property
    def cores(self) -> int | None:
        """That all its jobs share; None: it has a queue, in which jobs wait for what they need."""
        return None

    @abstractmethod
    def submit(self, job: Job) -> Handle:
        """Begin a job, or have it wait its turn.

        Raises:
            GanzooError: that cannot be.
        """

    def close(self) -> None:  # noqa: B027 (there may be nothing to do)
        """All jobs have ended."""


@dataclass(frozen=True)
class LocalConfig:
    """Of processes on this machine."""

    gpus: str = option(
        os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        "those that jobs take turns with, as CUDA_VISIBLE_DEVICES has them",
    )


class Local(Executor):
    """Processes on this machine."""

    Config = LocalConfig
    config: LocalConfig

    def __init__(self, config: LocalConfig) -> None:
        super().__init__(config)
        self._gpus = cycle(config.gpus.split(","))

    @property
    def cores(self) -> int:
        return usable_cores()

    def submit(self, job: Job) -> Handle:
        environment = job.environment
        if job.on_gpu and (gpu := next(self._gpus)):
            environment["CUDA_VISIBLE_DEVICES"] = gpu
        with job.log.open("a", encoding="utf-8") as said:
            process = subprocess.Popen(
                job.command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches it only through `stop`
            )
        return Process(process)


class Process(Handle):
    """A process that was started here."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def status(self) -> int | None:
        status = self._process.poll()
        # Python ends by the signal itself where Ctrl-C comes before the program can handle it.
        return STOPPED if status == -signal.SIGINT else status

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
