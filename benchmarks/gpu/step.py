"""One step in a process of its own, which is ended when its time is over."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

GRACE = 5.0
"""Seconds that an interrupted step has to say what it knows and to end what it has started."""

NOT_REACHED, RUNNING = "not reached", "running when this was written"
PASSED, FAILED, TIMED_OUT, INTERRUPTED = "passed", "failed", "timed out", "interrupted"
TICK = 0.1
"""Seconds between two looks at whether all is to end."""


@dataclass(frozen=True)
class Step:
    """Something to do."""

    name: str
    command: Sequence[str]
    seconds: float
    """The most that it may take."""
    least: float = 0.0
    """Seconds that the steps before it leave for it, where they can."""


@dataclass
class Result:
    """What has become of a step so far."""

    step: Step
    outcome: str = NOT_REACHED
    seconds: float = 0.0
    limit: float = 0.0
    """Seconds that it was given."""
    output: str = ""
    """All that it printed."""
    found: str = ""
    """What it wrote for the page, in Markdown."""
    because: str = "no time was left"
    """Of a step that was not reached."""


def run(
    result: Result,
    limit: float,
    environment: Mapping[str, str],
    folder: Path,
    interrupted: Callable[[], bool],
) -> None:
    """Run the step of a result, and fill the result in.

    Args:
        result: whose step is run.
        limit: seconds; after them it is interrupted, and killed `GRACE` later.
        environment: of the process; `GPU_FOUND` is added, the file of what goes on the page.
        folder: for its output, and for what it finds.
        interrupted: once it is true, the step is ended at once.
    """
    stem = "".join(letter if letter.isalnum() else "-" for letter in result.step.name)
    found, printed = folder / f"{stem}.md", folder / f"{stem}.log"
    result.outcome, result.limit = RUNNING, limit
    begin = time.monotonic()
    with printed.open("wb") as file:
        told = {**environment, "GPU_FOUND": str(found)}
        outcome = _wait(result.step.command, limit, told, file, interrupted)
    result.seconds = time.monotonic() - begin
    result.outcome = outcome
    result.output = printed.read_text(encoding="utf-8", errors="replace")
    if found.exists():
        result.found = found.read_text(encoding="utf-8", errors="replace")


def _wait(
    command: Sequence[str],
    limit: float,
    environment: Mapping[str, str],
    output: IO[bytes],
    interrupted: Callable[[], bool],
) -> str:
    """How the command ended; nothing that it has started in its group goes on."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        process_group=0,
    )
    end = time.monotonic() + limit
    try:
        while time.monotonic() < end and not interrupted():
            with suppress(subprocess.TimeoutExpired):
                return PASSED if process.wait(TICK) == 0 else FAILED
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        return INTERRUPTED if interrupted() else TIMED_OUT
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
