"""Tasks of Ray, on one machine or a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from logging import WARNING
from pathlib import Path
from typing import Any

from ganzoo.config import option
from ganzoo.errors import GanzooError
from ganzoo.jobs.elsewhere import Submitted, carry_out
from ganzoo.jobs.executor import Executor, Handle, Job


@dataclass(frozen=True)
class RayConfig:
    """Of a task."""

    address: str | None = option(
        None, "of a cluster; auto: the one of this machine (default: one is started here)"
    )
    gpus: float = option(0.0, "GPUs of each run, or the part of one that it needs", minimum=0)


class Ray(Executor):
    """A task of Ray for each run."""

    Config = RayConfig

    def __init__(self, config: RayConfig) -> None:
        super().__init__(config)
        self._begun = False
        try:
            import ray  # noqa: F401
        except ImportError as error:
            raise GanzooError("it needs Ray: `pip install 'ganzoo-core[ray]'`") from error

    def submit(self, job: Job) -> Handle:
        import ray

        self._connect()
        handle = RayHandle(job)
        needs = {"num_cpus": job.threads, "num_gpus": self.config.gpus, "max_retries": 0}
        handle.task = ray.remote(carry_out).options(name=job.name, **needs).remote(job)
        return handle

    def close(self) -> None:
        import ray

        if self._begun:
            ray.shutdown()

    def _connect(self) -> None:
        import ray

        if self._begun or ray.is_initialized():
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told what is done here
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": WARNING}
        if not self.config.address:
            quiet["include_dashboard"] = False
        try:
            ray.init(self.config.address or "local", job_config=_without_here(), **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise GanzooError(f"--executor ray finds no cluster: {error}") from error
        self._begun = True


def _without_here() -> Any:
    """Settings by which Ray's workers import nothing from this folder, which may be anybody's.

    Raises:
        GanzooError: this version of Ray has none.
    """
    from ray.job_config import JobConfig

    class Elsewhere(list[str]):
        """Where modules are looked for, to which Ray adds where it is started."""

        def extend(self, folders: Iterable[str]) -> None:
            super().extend(one for one in folders if not Path(one).samefile("."))

    settings = JobConfig()
    if not hasattr(settings, "_py_driver_sys_path"):
        raise GanzooError(
            "--executor ray cannot keep this version of Ray from importing what lies in this "
            "folder: use another version, or --executor local"
        )
    settings._py_driver_sys_path = Elsewhere()
    return settings


class RayHandle(Submitted):
    """A task that Ray looks after."""

    task: Any

    def ended(self) -> bool:
        import ray

        done, _ = ray.wait([self.task], timeout=0)
        return bool(done)

    def result(self) -> int:
        import ray

        return int(ray.get(self.task))

    def cancel(self) -> None:
        import ray

        ray.cancel(self.task)
