"""Files that are whole or not there at all, whatever they are called."""

import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.artifacts.files import creating, replacing, whole_folder
from ganzoo.artifacts.pictures import animate, plot_curves


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


def test_frames_that_are_damaged_or_of_another_size_are_left_out(tmp_path: Path) -> None:
    frames = [tmp_path / f"{number}.png" for number in range(5)]
    for number, frame in enumerate(frames):
        Image.new("L", (8, 8 if number else 9), 50 * number).save(frame)
    frames[2].write_bytes(frames[2].read_bytes()[:40])
    frames[3].write_text("no image")
    animate(frames, tmp_path / "all.gif")
    with Image.open(tmp_path / "all.gif") as made:
        assert made.size == (8, 8)
        assert made.n_frames == 2  # type: ignore[attr-defined]
    animate(frames[2:4], tmp_path / "none.gif")
    assert not (tmp_path / "none.gif").exists()


def test_of_no_records_there_is_no_plot(tmp_path: Path) -> None:
    """As when somebody has thrown them away, or the power failed."""
    plot_curves([], tmp_path / "curves.png")
    plot_curves([{"step": 1}], tmp_path / "curves.png")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("links", [True, False])
def test_what_is_put_there_meanwhile_is_not_overwritten(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "x.png"
    with creating(path) as temporary:
        temporary.write_text("ours")
    assert path.read_text() == "ours"
    path.unlink()

    def both() -> None:
        with creating(path) as temporary:
            temporary.write_text("ours")
            path.write_text("theirs")

    with pytest.raises(FileExistsError):
        both()
    assert [file.read_text() for file in tmp_path.iterdir()] == ["theirs"]


def test_threads_that_write_to_one_path_do_not_mix(tmp_path: Path) -> None:
    """One of them is left, and whole."""

    def write(letter: str) -> None:
        for _ in range(20):
            with replacing(tmp_path / "x") as temporary, temporary.open("w") as file:
                for _ in range(50):
                    file.write(letter * 100)
                    file.flush()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, "abcd")) == [None] * 4
    (left,) = tmp_path.iterdir()
    assert left.read_text() in {letter * 5000 for letter in "abcd"}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o664])
def test_who_may_read_a_file_may_read_the_next(tmp_path: Path, mode: int) -> None:
    """A report that was made private could be read by all once it was written again."""
    path = tmp_path / "x.html"
    path.write_text("before")
    path.chmod(mode)
    with replacing(path) as temporary:
        temporary.write_text("after")
        assert temporary.stat().st_mode & 0o777 & ~0o200 == mode & ~0o200
    assert path.read_text() == "after"
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.skipif(not hasattr(os, "getxattr"), reason="this system has other lists")
@pytest.mark.parametrize("named", [True, False])
def test_who_is_named_in_a_list_may_read_the_next(tmp_path: Path, named: bool) -> None:
    """Whom a list of the file names, and nobody whom one of the folder would add."""
    path = tmp_path / "x.html"
    path.write_text("before")
    path.chmod(0o640)
    # Of version 2: the owner rw, user 54321 r, the group r, all that are named r, nobody else.
    entries = ((1, 6, -1), (2, 4, 54321), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    told = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    where = (path, "system.posix_acl_access") if named else (tmp_path, "system.posix_acl_default")
    try:
        os.setxattr(where[0], where[1], told)
    except OSError:
        pytest.skip("this disk has no lists")
    with replacing(path) as temporary:
        temporary.write_text("after")
    assert path.stat().st_mode & 0o777 == 0o640
    assert ("system.posix_acl_access" in os.listxattr(path)) == named
    assert not named or os.getxattr(path, "system.posix_acl_access") == told


@pytest.mark.parametrize("name", ["out", ".", "link"])
def test_an_empty_folder_stays_the_one_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One that was private was open to everybody, and who stood in it stood nowhere."""
    (tmp_path / "out").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("out")
    monkeypatch.chdir(tmp_path / ("out" if name == "." else "."))
    before = Path(name).stat()
    with whole_folder(Path(name)) as temporary:
        (temporary / "x").write_text("whole")
        (temporary / ".y").touch()
    after = (tmp_path / "out").stat()
    assert (after.st_ino, after.st_mode, after.st_gid) == (
        before.st_ino,
        before.st_mode,
        before.st_gid,
    )
    assert sorted(path.name for path in Path(name).iterdir()) == [".y", "x"]
    with pytest.raises(OSError, match="not empty"), whole_folder(Path(name)) as temporary:
        (temporary / "x").write_text("other")
    assert (tmp_path / "out" / "x").read_text() == "whole"
    assert len([*Path(name).iterdir()]) == 2


@pytest.mark.parametrize("there", ["x", "folder"])
def test_what_comes_into_a_folder_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    """It was written over, where it came after the folder had been looked at."""
    whole, moved = Path.hardlink_to, []

    def late(path: Path, made: Path) -> None:
        if not moved:
            (tmp_path / there).mkdir()
            (tmp_path / there / "mine").write_text("mine")
        moved.append(path)
        whole(path, made)

    monkeypatch.setattr(Path, "hardlink_to", late)

    def make() -> None:
        with whole_folder(tmp_path) as temporary:
            (temporary / "folder").mkdir()
            for name in ("a", "b", "c", "x", "folder/y"):
                (temporary / name).write_text("made")

    with pytest.raises(OSError, match=r"exists|not empty"):
        make()
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there / "mine").read_text() == "mine"


NAMES = """
import os, random
from pathlib import Path
os.getpid = lambda: 1
random.seed(0)
from ganzoo.artifacts.files import replacing, whole_folder
with replacing(Path("x")) as file, whole_folder(Path("y")) as folder:
    file.touch()
    print(file, folder)
"""


def test_two_processes_of_one_number_do_not_write_to_one_file(tmp_path: Path) -> None:
    """As those of containers that share a cache: each cut short what the other had written."""
    names = []
    for _ in range(2):
        command = [sys.executable, "-c", NAMES]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        names += done.stdout.split()
    assert len({*names}) == 4
