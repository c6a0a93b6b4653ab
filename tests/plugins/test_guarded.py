"""What a plugin may do with stdout while it is imported, and afterwards."""

import logging
import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

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


def umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found


SHARED: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "the folder": (Path.cwd, lambda: os.chdir("/")),
    "the umask": (umask, lambda: os.umask(0o001)),
    "the way to start processes": (
        lambda: multiprocessing.get_start_method(allow_none=True),
        lambda: multiprocessing.set_start_method("forkserver", force=True),
    ),
    "torch's numbers": (
        torch.get_default_dtype,
        lambda: torch.set_default_dtype(torch.float64),
    ),
    "torch's device": (torch.get_default_device, lambda: torch.set_default_device("meta")),
    "torch's gradients": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(False)),
}
"""What a program shares: how it is asked for, and how a plugin would change it."""


@pytest.mark.parametrize("what", SHARED)
def test_what_all_share_is_the_same_afterwards(what: str) -> None:
    asked, change = SHARED[what]
    before = asked()
    with guarded():
        change()
        assert asked() != before
    assert asked() == before


def test_torch_has_its_own_defaults_where_a_plugin_imports_it_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    with guarded():
        sys.modules["torch"] = torch  # as an import does
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
    assert (torch.get_default_dtype(), torch.is_grad_enabled()) == (torch.float32, True)
