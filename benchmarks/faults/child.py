"""A command of ganzoo in this process, or in a fork, which has imported all that takes long."""

import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

BUG = 70
"""Exit status of a command that raised what the user should never see."""


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    status: int | None
    """None: by a signal."""
    said: str
    seconds: float

    @property
    def killed(self) -> bool:
        return self.status is None

    @property
    def in_a_sentence(self) -> bool:
        """Whether it did what it was told, or has said in a line why not."""
        refused = [line for line in self.said.splitlines() if line.startswith("ganzoo: error: ")]
        return self.status in (0, 1) or (self.status == 2 and len(refused) == 1)


def prepare() -> None:
    """Import what every child needs, so that none of them has to."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401
    import torch._dynamo

    from ganzoo.cli import MODULES, find_command
    from ganzoo.plugins.registry import registry

    for name in MODULES:
        find_command(name)
    for row in registry().variants():
        row.load()
    import ganzoo.cli.display
    import ganzoo.metrics.evaluate
    import ganzoo.training.resume
    import ganzoo.training.start  # noqa: F401

    torch.set_num_threads(1)


def forked(
    args: list[object],
    log: Path,
    before: Callable[[], None] = lambda: None,
    kill_after: float | None = None,
    limit: float = 120.0,
    watch: Callable[[int], None] = lambda child: None,
) -> Ended:
    """Run ``ganzoo ARGS``.

    Args:
        args: its arguments.
        log: a file for what it prints.
        before: is called in the child first, such as to break something in it.
        kill_after: seconds after which it is killed; None: after `limit`.
        limit: seconds that it may take.
        watch: is called with the number of the process, again and again.
    """
    sys.stdout.flush()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _run([str(arg) for arg in args], log, before)
    deadline = begun + (limit if kill_after is None else kill_after)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        watch(child)
        time.sleep(0.001)
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    said = log.read_text(errors="replace") if log.exists() else ""
    return Ended(code, said, time.monotonic() - begun)


def called(args: list[object]) -> Ended:
    """Run ``ganzoo ARGS`` in this process."""
    from ganzoo.cli import run

    said, begun, status = io.StringIO(), time.monotonic(), BUG
    with redirect_stdout(said), redirect_stderr(said):
        try:
            status = run([str(arg) for arg in args])
        except BaseException:
            traceback.print_exc()
    return Ended(status, said.getvalue(), time.monotonic() - begun)


def _run(args: list[str], log: Path, before: Callable[[], None]) -> None:
    status = BUG
    try:
        file = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr] # as the command does
        before()
        from ganzoo.cli import run

        status = run(args)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
        finally:
            os._exit(status)
