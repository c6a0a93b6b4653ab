"""Processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

from ganzoo.config import option
from ganzoo.engine.cpu.cores import usable_cores
from ganzoo.jobs.child import STOPPED
from ganzoo.jobs.executor import Executor, Handle, Job
from ganzoo.jobs.lifeline import started


@dataclass(frozen=True)
class LocalConfig:
    """Of processes on this machine."""

    gpus: str | None = option(
        None,
        "GPUs that runs take turns with, such as 0;1 (default: all that torch sees)",
    )


class Local(Executor):
    """Processes on this machine, which share its cores and take turns with its GPUs."""

    Config = LocalConfig

    def __init__(self, config: LocalConfig) -> None:
        super().__init__(config)
        self._gpus = cycle(config.gpus.split(";") if config.gpus else _gpus())

    @property
    def cores(self) -> int:
        return usable_cores()

    def submit(self, job: Job) -> Handle:
        environment = job.environment
        if job.on_gpu:
            environment["CUDA_VISIBLE_DEVICES"] = next(self._gpus)
        with job.log.open("a", encoding="utf-8") as said:
            process = started(job.command, said, said, folder=job.folder, environment=environment)
        return Process(process)


class Process(Handle):
    """A process that was started here."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Look after it."""
        self._process = process

    def status(self) -> int | None:
        status = self._process.poll()
        # Python ends by the signal itself where Ctrl-C comes before the program can handle it.
        return STOPPED if status == -signal.SIGINT else status

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)


def _gpus() -> list[str]:
    """What each GPU is called in ``CUDA_VISIBLE_DEVICES``."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return named.split(",") if named else [str(n) for n in range(torch.cuda.device_count())] or [""]
