"""Names of files that the disk itself refuses, in every place where a user can put one."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.cli import ganzoo
from helpers.refusals import refused

pytestmark = pytest.mark.usefixtures("here")

LONG = "x" * 300
POINTS = ("vanilla", "--dataset", "ring8", "--steps", 2)


@pytest.mark.parametrize(
    "args",
    [
        ("train", *POINTS, "--out", LONG),
        ("train", *POINTS, "--init", LONG),
        ("train", "vanilla", "--dataset", "folder", "--data-root", LONG, "--image-size", 28),
        ("train", "--resume", LONG),
        ("sweep", *POINTS, "--set", "lr=1", "--out", LONG),
        ("sample", LONG, "--out", "y"),
        ("sample", "tiny", "--out", LONG),
        ("translate", "tiny", "--input", "tiny/samples", "--out", LONG),
        ("enlarge", "tiny", "tiny/samples", "--out", LONG),
        ("export", "tiny", "--format", "safetensors", "--out", LONG),
        ("report", "tiny", "--out", f"{LONG}.html"),
        ("evaluate", LONG),
        ("compare", LONG),
        ("runs", LONG),
        ("check", "folder", "--data-root", LONG),
    ],
    ids=lambda args: " ".join(str(arg)[:12] for arg in args),
)
def test_a_name_that_is_too_long(tiny: Path, args: tuple[object, ...]) -> None:
    refused(*args, saying="cannot be used (File name too long)")


def test_a_folder_that_may_not_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def forbidden(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if str(path).startswith("theirs"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", forbidden)
    refused("runs", "theirs/runs", saying="theirs/runs cannot be used (Permission denied)")


@pytest.mark.parametrize("dataset", ["folder", "csv", "text"])
def test_a_folder_that_begins_like_the_home_of_a_user(dataset: str) -> None:
    data = ("--dataset", dataset, "--data-root", "~nobody-is-called-so/x")
    refused("train", "vanilla", *data, "--dry-run", saying="there is no")


def test_links_in_a_circle() -> None:
    Path("circle").symlink_to("circle")
    refused("compare", "circle", "circle", saying="circle is named twice")
    refused("report", "circle", "--out", "x.html", saying="circle")


def test_a_folder_that_is_gone_under_the_feet(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    try:
        result = ganzoo("train", *POINTS)
        assert result.status == 2
        assert "the folder in which this was called is gone" in result.err
    finally:
        os.chdir(tmp_path)


@pytest.mark.parametrize("args", [["list"], ["--version"], ["datasets", "--json"]])
def test_a_library_that_lies_where_ganzoo_is_called_is_not_loaded(
    tmp_path: Path, args: list[str]
) -> None:
    """A library of torch's looks for libcuda.so.1 there; a stranger's ran as torch was imported."""
    program = Path(sys.executable).with_name("ganzoo")
    if not program.exists():
        pytest.skip("needs the program itself")
    (tmp_path / "libcuda.so.1").write_bytes(b"a stranger's")
    done = subprocess.run([program, *args], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("ganzoo: error: libcuda.so.1 lies here")
    assert done.stderr.count("\n") == 1
