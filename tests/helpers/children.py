"""Processes that are forked from one where all is imported, without the wait for each import."""

import io
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import torch

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "ganzoo.training.resume",
        "ganzoo.training.start",
        "ganzoo.cli.commands.train",
        "ganzoo.cli.display",
        "ganzoo_cyclegan.variant",
        "ganzoo_vanilla.variant",
        "matplotlib.figure",
        "torch._dynamo",
    ]
)


@dataclass
class Child:
    """A process whose output goes to files."""

    process: ForkServerProcess
    out: Path
    err: Path

    def wait(self, timeout: float = 300) -> int:
        """Its exit status; of a signal that has ended it, the negative number."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.process.kill()
            raise AssertionError(f"it hangs: {self.err.read_text()}")
        return self.process.exitcode

    def say(self, text: str) -> None:
        """Wait until it has printed this."""
        while not (self.out.exists() and text in self.out.read_text()):
            assert self.process.is_alive(), self.err.read_text()
            time.sleep(0.01)

    def hear(self, number: int) -> None:
        """Send it a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


def start(folder: Path, name: str, function: Callable[..., object], *args: object) -> Child:
    """Have a process of one thread call a function of a module, and print to files of this name."""
    folder.mkdir(exist_ok=True)
    out, err = folder / f"{name}.out", folder / f"{name}.err"
    process = CONTEXT.Process(target=_begin, args=({**os.environ}, out, err, function, *args))
    process.start()
    return Child(process, out, err)


def _begin(environment: dict[str, str], *args: Any) -> None:
    """In the environment of who has started it, not of who was there before.

    It hears SIGINT also where the tests run in the background of a script, which ignores it, and
    SIGHUP where they were started by nohup.
    """
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    enter(*args)


def enter(out: Path, err: Path, function: Callable[..., object], *args: object) -> None:
    """What a process does that was started: print to these files, on one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    sys.stdout, sys.stderr = _printing_to(1), _printing_to(2)
    function(*args)


def _printing_to(descriptor: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(os.fdopen(descriptor, "wb", 0, closefd=False), write_through=True)


def ganzoo(*args: str) -> None:
    """``ganzoo ARGS``, by which the process ends."""
    from ganzoo.cli import main

    sys.argv = ["ganzoo", *args]
    main()


def after(python: str, *args: str) -> None:
    """``ganzoo ARGS`` after lines of Python."""
    exec(python, {})
    ganzoo(*args)


def on_pipe(stdout: Connection, python: str, *args: str) -> None:
    """The same, which prints on a pipe."""
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    sys.stdout = _printing_to(1)
    after(python, *args)
