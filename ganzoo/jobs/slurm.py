"""Jobs of SLURM, by submitit; its local executor runs them on this machine."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ganzoo.config import option
from ganzoo.errors import GanzooError
from ganzoo.jobs.child import STOPPED
from ganzoo.jobs.elsewhere import Submitted, carry_out
from ganzoo.jobs.executor import Executor, Handle, Job

_OVER = "timed-out"
"""What submitit says of a job that has reached its minutes."""
_SAFELY = f"{shlex.quote(sys.executable)} -P"
"""Python that imports nothing from the folder where it is, which may be anybody's."""


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """What starts in this block is such a Python, and so is all that it starts."""
    name, before = "PYTHONSAFEPATH", os.environ.get("PYTHONSAFEPATH")
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


@dataclass(frozen=True)
class SubmititConfig:
    """Of a job."""

    cluster: str = option("slurm", "where; local: on this machine", choices=("slurm", "local"))
    partition: str | None = option(None, "of SLURM")
    gpus: int = option(0, "GPUs of each run", minimum=0)
    memory: int | None = option(None, "gigabytes of memory of each run", minimum=1)
    minutes: int = option(
        1440, "that a run may take; stopped then, it goes on with the same command", minimum=1
    )


class Submitit(Executor):
    """A job of SLURM for each run."""

    Config = SubmititConfig

    def __init__(self, config: SubmititConfig) -> None:
        super().__init__(config)
        self._notes: Path | None = None
        try:
            import submitit  # noqa: F401
        except ImportError as error:
            raise GanzooError("it needs submitit: `pip install 'ganzoo-core[submitit]'`") from error

    def submit(self, job: Job) -> Handle:
        import submitit

        config: SubmititConfig = self.config
        wanted: dict[str, Any] = {
            "name": job.name,
            "timeout_min": config.minutes,
            "cpus_per_task": job.threads,
            "gpus_per_node": config.gpus,
            "mem_gb": config.memory,
            "slurm_partition": config.partition,
        }
        try:
            # Of its own, as submitit unpickles what it finds there by the numbers of jobs.
            self._notes = self._notes or Path(mkdtemp(prefix="submitit-", dir=job.log.parent))
            executor = submitit.AutoExecutor(
                self._notes, cluster=config.cluster, slurm_python=_SAFELY
            )
            executor.update_parameters(**{k: v for k, v in wanted.items() if v is not None})
            handle = SubmititHandle(job)
            with _safe_path():
                handle.submitted = executor.submit(carry_out, job)
        except (RuntimeError, OSError, submitit.core.utils.FailedSubmissionError) as error:
            raise GanzooError(f"--executor submitit cannot submit {job.name}: {error}") from error
        return handle


class SubmititHandle(Submitted):
    """A job that submitit looks after."""

    submitted: Any

    def ended(self) -> bool:
        return bool(self.submitted.done())

    def result(self) -> int:
        import submitit

        try:
            return int(self.submitted.result())
        except submitit.core.utils.UncompletedJobError as error:
            if _OVER in str(error):  # what it ran was interrupted, and has saved
                return STOPPED
            raise

    def cancel(self) -> None:
        self.submitted.cancel(check=False)
