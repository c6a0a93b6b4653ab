"""What a process that is killed leaves behind: nothing that goes on alone."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ganzoo.jobs.lifeline import NAME, hold_on

COMMAND = """
import time
from ganzoo import cli

def run(args):
    print("here", flush=True)
    time.sleep(9999)

cli.run = run
cli.main()
"""
"""A command of ganzoo that takes for ever."""

STARTS = {
    "followed": "from ganzoo.jobs.child import follow; follow(command, log, lambda news: None)",
    "a job": (
        "from ganzoo.jobs.local import Local, LocalConfig; from ganzoo.jobs.executor import Job\n"
        "Job.command = command\n"
        "handle = Local(LocalConfig(gpus='0')).submit(Job('', [], log, log.parent, 1))\n"
        "while handle.status() is None: pass"
    ),
}


@pytest.mark.parametrize("start", STARTS)
def test_who_is_killed_has_what_it_started_do_as_after_ctrl_c(start: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    begin = f"from pathlib import Path\ncommand, log = {[sys.executable, '-c', COMMAND]!r}"
    code = f"{begin}, Path({str(log)!r})\n{STARTS[start]}"
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        until(log, "here", parent)
    finally:
        parent.kill()
        parent.wait()
    until(log, "KeyboardInterrupt")


@pytest.mark.parametrize("number", ["", "x", "-1", "999", "9" * 30, "9" * 5000, "a file"])
def test_who_was_started_by_nobody_holds_on_to_nothing(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody has set the variable, or it came from another process."""
    there = threading.active_count()
    with (tmp_path / "empty").open("w+b") as file:
        monkeypatch.setenv(NAME, str(file.fileno()) if number == "a file" else number)
        hold_on()
        assert threading.active_count() == there
    assert NAME not in os.environ


def until(log: Path, word: str, alive: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + 60
    while not log.exists() or word not in log.read_text():
        assert alive is None or alive.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
