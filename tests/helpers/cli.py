"""The command line in this process, and the smallest runs that it can make."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from ganzoo.cli import run

TINY = ("--dataset", "ring8", "--generator-widths", "8", "--discriminator-widths", "8")


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


def ganzoo(*args: object) -> Result:
    """What ``ganzoo ARGS`` prints on pipes, and its exit status; an exception passes through."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run([str(arg) for arg in args])
    return Result(status, out.getvalue(), err.getvalue())


def train_tiny(out: Path, *args: object) -> Path:
    """A run of five steps of the smallest GAN."""
    result = ganzoo("train", "vanilla", *TINY, "--steps", 5, "--out", out, *args)
    assert result.status == 0, result.err
    return out


def scores(result: Result, column: str = "value") -> dict[str, float]:
    """What ``ganzoo evaluate --json`` has printed."""
    assert result.status == 0, result.err
    return {score["name"]: score[column] for score in json.loads(result.out)["scores"]}


def spawn(*args: object, python: str = "", **environment: str) -> subprocess.Popen[str]:
    """``ganzoo ARGS`` in a process of its own, on pipes, after the lines of `python`.

    It hears SIGINT also where the tests run in the background of a script, which ignores it, and
    SIGHUP where they were started by nohup.
    """
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    heard += "signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    code = f"{heard}\n{python}\nfrom ganzoo.cli import main\nmain()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def tree(folder: Path) -> dict[str, bytes]:
    """The content of all files below a folder, locks aside; folders as empty files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if path.name != ".lock"
    }
