"""What jobs on other machines have in common: a function that they call, and a file that ends it.

All that they need is a disk which the machines share, and ganzoo installed on each.
"""

from __future__ import annotations

from abc import abstractmethod

from ganzoo.jobs.child import STOPPED, follow
from ganzoo.jobs.executor import Handle, Job


def carry_out(job: Job) -> int:
    """Run a job to its end, or until its `Job.stop_file` is there; returns its exit status."""

    def over() -> bool:
        return job.stop_file.exists()

    if over():
        return STOPPED
    try:
        return follow(
            *(job.command, job.log, lambda news: None, over),
            folder=job.folder,
            environment=job.environment,
        )
    except KeyboardInterrupt:  # the machine is shut down, or the job was cancelled there
        return STOPPED


class Submitted(Handle):
    """A job that calls `carry_out` somewhere."""

    def __init__(self, job: Job) -> None:
        """Of a job that is about to be submitted."""
        self._job = job
        self._asked = False
        job.stop_file.unlink(missing_ok=True)

    @abstractmethod
    def ended(self) -> bool:
        """Whether the function has returned, or never will."""

    @abstractmethod
    def result(self) -> int:
        """What it returned; raises, where it did not."""

    @abstractmethod
    def cancel(self) -> None:
        """Take it out of the queue."""

    def status(self) -> int | None:
        if not self.ended():
            return None
        self._job.stop_file.unlink(missing_ok=True)
        try:
            return self.result()
        except Exception as error:  # of the executor, or of the machine
            if self._asked:
                return STOPPED
            with self._job.log.open("a", encoding="utf-8") as said:
                lines = str(error).strip().splitlines() or [repr(error)]
                said.write(f"ganzoo: error: the job was lost: {lines[-1]}\n")
            return 1

    def stop(self) -> None:
        self._asked = True
        self._job.stop_file.touch()
        if not self._job.log.exists():  # which the first thing that it does makes
            self.cancel()
