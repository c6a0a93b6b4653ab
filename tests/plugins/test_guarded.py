"""What a plugin may do with stdout while it is imported, and afterwards."""

import logging
import os
import sys
from pathlib import Path

import pytest

from ganzoo.plugins.guarded import CHARACTERS, guarded


def test_stdout_is_a_stream_as_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded():
        assert sys.stdout.isatty() is False
        assert sys.stdout.encoding
        sys.stdout.writelines(["one ", "two\n"])
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", "one two\n")


def test_who_keeps_it_is_heard_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded():
        handler = logging.StreamHandler(sys.stdout)
        print("x" * (CHARACTERS + 100))
    handler.emit(logging.LogRecord("plugin", logging.INFO, "", 0, "later", None, None))
    found = capsys.readouterr().err
    assert found.count("x") == CHARACTERS
    assert found.endswith("later\n")


def test_relative_paths_of_the_user_are_the_same_afterwards() -> None:
    before = Path.cwd()
    with guarded():
        os.chdir("/")
    assert Path.cwd() == before
