"""What a process that failed leaves to be said."""

import os
import signal
from pathlib import Path

import pytest

from ganzoo.errors import GanzooError
from ganzoo.jobs.child import PYTHON, follow, interruptible, last_words


def test_an_error_of_a_plugin_is_told_with_its_line(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text(
        "step 1\nTraceback (most recent call last):\n"
        '  File "/a/ganzoo/engine.py", line 12, in step\n    play()\n'
        '  File "/b/ganzoo_mine/variant.py", line 34, in d_loss\n    1 / 0\n'
        "ZeroDivisionError: division by zero\n"
    )
    assert last_words(log) == f"ZeroDivisionError: division by zero at variant.py:34 (see {log})"


def test_a_sentence_is_told_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("step 1\nganzoo: error: there is no data set 'x'\n")
    assert last_words(log) == "there is no data set 'x'"
    log.write_text("")
    assert last_words(log) == f"it failed: see {log}"
    log.unlink()
    assert last_words(log) == f"it failed: see {log}"


def test_words_in_another_encoding_and_behind_a_terabyte(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.touch()
    os.truncate(log, 2**40)
    with log.open("ab") as file:
        file.write("\nganzoo: error: no folder 'é'\n".encode("latin-1"))
    assert last_words(log) == "no folder '\N{REPLACEMENT CHARACTER}'"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_is_heard_as_ctrl_c_is(number: int) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), interruptible():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nohup_is_obeyed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nothing_is_appended_through_a_link(tmp_path: Path) -> None:
    """As to ~/.bashrc, in a stranger's folder of runs."""
    (tmp_path / "mine").touch()
    (tmp_path / "run.log").symlink_to("mine")
    with pytest.raises(GanzooError, match="is a link, through which"):
        follow([*PYTHON, "-c", "print(1)"], tmp_path / "run.log", lambda news: None)
    assert (tmp_path / "mine").read_text() == ""
