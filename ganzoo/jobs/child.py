"""A process that trains or measures: waited for, asked to end, and what it leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ganzoo.artifacts.files import leftovers, refuse_link
from ganzoo.errors import GanzooError, counted
from ganzoo.jobs.lifeline import started

if TYPE_CHECKING:
    from ganzoo.runs.run import Run

PYTHON = (sys.executable, "-P")
"""An interpreter that takes no module from where it is started, a folder that may be anybody's."""
PROGRAM = (*PYTHON, "-m", "ganzoo")
STOPPED = 130
"""Exit status of a program that Ctrl-C has ended."""
POLL = 0.2
"""Seconds between two looks at it."""
TAIL = 2000
"""Bytes of the log of which the last line is told."""
_BEGUN = re.compile(
    r"run\.json|log\.txt|metrics\.jsonl|samples/(real|[0-9]{8,18})\.png"
    r"|tensorboard/events\.out\.[^/]*|checkpoints/\.[^/]*\.tmp/[^/]*"
)
"""What is in the folder of a training before its first checkpoint."""
WORDS = 2**16
"""Bytes of the log in which a traceback is looked for."""


def follow(
    command: Sequence[str],
    log: Path,
    tell: Callable[[str], None],
    over: Callable[[], bool] = lambda: False,
    stdout: IO[str] | None = None,
    kept: Sequence[int] = (),
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a program to its end.

    Ctrl-C reaches it only through this process, which waits for it to end: a training then saves a
    checkpoint, and a second Ctrl-C has it stop at once.

    Args:
        command: the program and its arguments.
        log: a file to which what it says is appended.
        tell: is told the log's last line from time to time.
        over: whether it should be asked to end.
        stdout: a file for its output, if that is no part of the log.
        kept: numbers of open files that stay open in it, such as that of a lock.
        folder: in which it is run; None: that of this process.
        environment: likewise.

    Returns:
        Its exit status.

    Raises:
        KeyboardInterrupt: this process got SIGINT, SIGTERM or SIGHUP; the program has ended.
        GanzooError: the log is a link.
    """
    refuse_link(log)
    with log.open("a", encoding="utf-8") as said, interruptible():
        process = started(command, stdout or said, said, kept, folder, environment)
        asked = False
        try:
            while (status := _wait(process)) is None:
                tell(_last_line(log))
                if not asked and over():
                    asked = True
                    process.send_signal(signal.SIGINT)
        except BaseException:
            _end(process, asked)
            raise
    # Python ends by the signal itself where Ctrl-C comes before the program can handle it.
    return STOPPED if status == -signal.SIGINT else status


def begun(path: Path) -> Run | None:
    """The run that a process has begun; None: there is none.

    What was killed before there was anything to go on from is removed, and nothing else is.

    Raises:
        GanzooError: another process trains it, or something else lies there.
    """
    from ganzoo.runs import checkpoint
    from ganzoo.runs.run import Run

    if not (path.exists() or path.is_symlink()):
        return None
    if not path.is_dir() or path.is_symlink():
        raise GanzooError(f"{path} is no folder, and a run is to be there: move it elsewhere")
    if (path / "run.json").exists():
        run = Run.open(path)
        if run.state == "running":
            raise GanzooError(f"{path} is being trained by another process")
        if checkpoint.latest(run.checkpoints) is not None:
            return run
        if run.reached or run.settings.get("outcome") == "finished":
            raise GanzooError(
                f"{path} was trained for {counted(run.reached, 'step')}, and its checkpoints are "
                "gone: put them back, or move the folder elsewhere to have it trained again"
            )
    _refuse_files(path)
    shutil.rmtree(path)
    return None


def _refuse_files(path: Path) -> None:
    """See whether a folder is one in which a training had just begun.

    Raises:
        GanzooError: it holds files that no training has written by then.
    """
    from ganzoo.runs.hold import LOCK

    is_run = (path / "run.json").exists()
    passing = {path / LOCK, *leftovers(path), *leftovers(path / "samples")}
    for found in path.rglob("*"):
        within = found.relative_to(path)
        own = is_run and _BEGUN.fullmatch(within.as_posix())
        if not found.is_dir() and not own and found not in passing:
            raise GanzooError(
                f"{path} {'had just begun' if is_run else 'is no run'} and holds {within}: move "
                "it elsewhere, as a run is to be there"
            )


def last_words(log: Path) -> str:
    """Of a process that failed: what it says last in a file, and where it was raised."""
    lines = [line.strip() for line in _end_of(log, WORDS) if line.strip()]
    if not lines:
        return f"it failed: see {log}"
    said = lines[-1].removeprefix("ganzoo: error: ")
    frames = re.findall(r'^File "(.+)", line (\d+), in ', "\n".join(lines), re.MULTILINE)
    if not frames or said != lines[-1]:
        return said
    file, line = frames[-1]
    return f"{said} at {Path(file).name}:{line} (see {log})"


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return process.wait(POLL)
    return None


def _end(process: subprocess.Popen[bytes], asked: bool) -> None:
    """Ask it to end, if that was not done, and once more at each further Ctrl-C; then wait."""
    while process.poll() is None:
        if not asked:
            process.send_signal(signal.SIGINT)
        asked = False
        with suppress(KeyboardInterrupt):
            process.wait()


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, so that they leave no process behind.

    And let SIGINT do so where a shell that runs a script in the background has it ignored, which
    programs that are started from here would inherit. SIGHUP stays ignored where it is, as by
    ``nohup``.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _last_line(log: Path) -> str:
    return next((line.strip() for line in reversed(_end_of(log, TAIL)) if line.strip()), "")


def _end_of(log: Path, size: int) -> list[str]:
    """The lines in the last bytes of a log, in whatever encoding; none, where there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
