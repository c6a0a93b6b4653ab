"""A zip in the place of a folder, whatever others do with it or is wrong with it."""

import multiprocessing
import zipfile
from pathlib import Path

import pytest

from ganzoo.artifacts.places import cache_folder
from ganzoo.data.files.zipped import unzipped
from ganzoo.errors import GanzooError


def packed(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_several_processes_unpack_it_once(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", **{f"photos__{n}": b"x" * 10000 for n in range(300)})
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        places = pool.map(unzipped, [path] * 3)
    assert len({*places}) == 1
    assert len([*places[0].iterdir()]) == 300


def test_what_a_killed_unpacking_left_goes(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", photos__1=b"x")
    place = unzipped(path).parents[1]
    left = cache_folder() / f".{place.name}.1.tmp"
    place.rename(left)
    assert unzipped(path).name == "photos"
    assert not left.exists()


def test_a_damaged_one_is_a_sentence(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", photos__1=bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    content[45:75] = bytes(255 - byte for byte in content[45:75])
    path.write_bytes(content)
    with pytest.raises(GanzooError, match="is a damaged zip"):
        unzipped(path)


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(".", b"x")
    with pytest.raises(GanzooError, match="would lie outside"):
        unzipped(tmp_path / "a.zip")
