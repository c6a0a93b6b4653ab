"""Files that are whole or not there at all, whatever they are called."""

import os
from pathlib import Path

import pytest

from ganzoo.artifacts.files import replacing, whole_folder


@pytest.mark.parametrize("name", ["ü" * 125 + "x.txt", "x." + "y" * 253, os.fsdecode(b"\xe9.txt")])
def test_a_name_may_be_as_long_and_as_odd_as_the_disk_takes(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).touch()
    except OSError:
        pytest.skip("this disk has no such names")
    with replacing(tmp_path / name) as temporary:
        temporary.write_text("whole")
    assert (tmp_path / name).read_text() == "whole"
    (tmp_path / name).unlink()
    with whole_folder(tmp_path / name) as temporary:
        (temporary / "x").touch()
    assert [path.name for path in tmp_path.rglob("*")] == [name, "x"]
