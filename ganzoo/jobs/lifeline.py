"""A pipe that closes with the process which started another, however it ends: also by SIGKILL.

The other one then does as after Ctrl-C, so that no training is left behind which nobody knows of.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

NAME = "GANZOO_LIFELINE"
"""The environment variable with the number of the end that is read."""


def started(
    command: Sequence[str],
    stdout: IO[str],
    stderr: IO[str],
    kept: Sequence[int] = (),
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches it only from here.

    Args:
        command: the program and its arguments; one of ganzoo ends with this process.
        stdout: a file for what it prints.
        stderr: likewise.
        kept: numbers of open files that stay open in it.
        folder: in which it is run; None: that of this process.
        environment: likewise.

    Raises:
        OSError: it cannot be started.
    """
    read, held = os.pipe()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            pass_fds=(*kept, read),
            cwd=folder,
            env={**(os.environ if environment is None else environment), NAME: str(read)},
        )
    except BaseException:
        os.close(held)
        raise
    finally:
        os.close(read)
    weakref.finalize(process, os.close, held)
    return process


def hold_on() -> None:
    """Have this process do as after Ctrl-C when the one that has `started` it is gone."""
    number = os.environ.pop(NAME, "")  # that of no process which is started from here
    try:
        read = int(number)
        if not stat.S_ISFIFO(os.fstat(read).st_mode):
            return
    except (ValueError, OverflowError, OSError):  # somebody has set it: it is no end of a pipe
        return
    main = threading.main_thread().ident
    assert main is not None

    def wait() -> None:
        while os.read(read, 1):  # nobody writes: it ends as the other end is closed
            pass
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()
