"""A zip in the place of a folder, whatever others do with it or is wrong with it."""

import hashlib
import io
import multiprocessing
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from ganzoo.artifacts.places import cache_folder
from ganzoo.data.dataset import DataRequest
from ganzoo.data.files import zipped
from ganzoo.data.files.found import RULES, list_images
from ganzoo.data.files.zipped import unzipped
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog


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


def test_what_was_removed_of_it_is_unpacked_again(tmp_path: Path) -> None:
    """As by what removes old files of caches: half of the images would be trained on."""
    path = packed(tmp_path / "a.zip", photos__1=b"x", photos__2=b"yy", photos__sub__3=b"z")
    photos = unzipped(path)
    (photos / "1").unlink()
    (photos / "2").write_bytes(b"y")
    (photos / "sub" / "3").unlink()
    (photos / "sub").rmdir()
    assert unzipped(path) == photos
    assert [(photos / name).read_bytes() for name in ("1", "2", "sub/3")] == [b"x", b"yy", b"z"]


@pytest.mark.parametrize("name", ["photos/1", "photos/3", "photos/sub/4", "extra"])
def test_what_was_changed_of_it_or_put_beside_is_not_taken(tmp_path: Path, name: str) -> None:
    """Though it is as large, as somebody may do who writes into the same cache."""
    path = packed(tmp_path / "a.zip", photos__1=b"x", photos__sub__2=b"y")
    photos = unzipped(path)
    (photos.parent / name).write_bytes(b"z")
    assert unzipped(path) == photos
    assert {file.name: file.read_bytes() for file in photos.rglob("*") if file.is_file()} == {
        "1": b"x",
        "2": b"y",
    }
    assert not (photos.parent / "extra").exists()


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_another_user_puts_beside_it_is_neither_written_nor_waited_for(
    tmp_path: Path, kind: str
) -> None:
    """In a cache that several share: a file of the first was written over through a link."""
    path = packed(tmp_path / "a.zip", photos__1=b"x")
    place = unzipped(path).parents[1]
    note = place.with_name(f"{place.name}.files")
    note.unlink()
    (tmp_path / "mine").write_text("my own")
    note.symlink_to(tmp_path / "mine") if kind == "link" else os.mkfifo(note)
    assert (unzipped(path) / "1").read_bytes() == b"x"
    assert (tmp_path / "mine").read_text() == "my own"
    assert note.is_file()
    assert not note.is_symlink()


@pytest.mark.parametrize("name", ["photos/sub", "photos/3", ""])
def test_a_link_that_another_user_puts_into_it_is_not_followed(tmp_path: Path, name: str) -> None:
    """Into a folder of the reader's own: its images were decoded to where the other reads them."""
    path = packed(tmp_path / "a.zip", photos__1=b"x")
    photos = unzipped(path)
    place = photos.parents[1]
    (tmp_path / "private").mkdir()
    (tmp_path / "private/2").write_bytes(b"secret")
    if not name:
        place.rename(tmp_path / "aside")
    (photos.parent / name if name else place).symlink_to(tmp_path / "private")
    place.with_name(f"{place.name}.files").write_text(digest_of(place))
    try:
        found = unzipped(path)
    except GanzooError as error:
        assert "cannot be unpacked" in str(error)  # noqa: PT017
    else:
        assert [file.name for file in found.rglob("*")] == ["1"]
    assert (tmp_path / "private/2").read_bytes() == b"secret"


def digest_of(place: Path) -> str:
    """What a note says that somebody has forged, by the rules, but for those of links."""
    digest = hashlib.blake2b(digest_size=16)
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            status = path.lstat()
            told = f"{path.relative_to(place)} {status.st_size} {status.st_mtime_ns}\0"
            digest.update(os.fsencode(told))
    return digest.hexdigest()


def test_what_was_unpacked_is_the_same_by_another_name_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two trainings that spelled it in two ways, each removed what the other read."""
    path = packed(tmp_path / "a.zip", photos__1=b"x", photos__sub__2=b"y")
    before = unzipped(path).stat()
    (tmp_path / "link").symlink_to(cache_folder())
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "link"))
    assert os.path.samestat(unzipped(path).stat(), before)


def test_another_user_who_never_ends_unpacking_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may be two users")
    path = packed(tmp_path / "a.zip", photos__1=b"x")
    place = unzipped(path).parents[1]
    lock = place.with_name(f"{place.name}.lock")
    shutil.rmtree(place)
    lock.touch()
    os.chown(lock, 54321, 54321)
    monkeypatch.setattr(zipped, "PATIENCE", 0.1)
    with FileLock(lock), pytest.raises(GanzooError, match="another user has held"):
        unzipped(path)
    assert (unzipped(path) / "1").read_bytes() == b"x"


def test_a_damaged_one_is_a_sentence(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", photos__1=bytes(range(256)) * 40)
    content = bytearray(path.read_bytes())
    content[45:75] = bytes(255 - byte for byte in content[45:75])
    path.write_bytes(content)
    with pytest.raises(GanzooError, match="is a damaged zip"):
        unzipped(path)


def test_what_is_meant_to_fill_a_disk_is_refused(tmp_path: Path) -> None:
    """A gigabyte of zeros."""
    with (
        zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.png", "w") as file,
    ):
        for _ in range(2**10):
            file.write(bytes(2**20))
    assert (tmp_path / "a.zip").stat().st_size < 2**21
    with pytest.raises(GanzooError, match="as only what is meant to fill a disk does"):
        unzipped(tmp_path / "a.zip")
    assert not [*cache_folder().glob("zip-*[!k]")]


def test_more_than_it_says_is_never_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", photos__1=bytes(2**24))
    content = path.read_bytes().replace((2**24).to_bytes(4, "little"), (9).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(GanzooError, match="is a damaged zip"):
        unzipped(path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../x", "a/../../../x", "C:/x", "..\\..\\x"])
def test_what_would_lie_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(GanzooError, match="would lie outside"):
        unzipped(tmp_path / "a.zip")


def test_a_link_in_a_zip_leads_nowhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, to in (("photos/a.png", "/etc/passwd"), ("photos/b", "/")):
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, to)
    place = unzipped(tmp_path / "a.zip")
    assert sorted(path.read_text() for path in place.iterdir()) == ["/", "/etc/passwd"]
    assert not [path for path in place.rglob("*") if path.is_symlink()]


def test_what_is_said_names_the_zip(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", photos__1__png=b"no image", photos__train=b"")
    said: list[str] = []
    with pytest.raises(GanzooError) as caught:
        catalog.load("folder", DataRequest(path, report=said.append))
    assert "cache" not in " ".join([*said, str(caught.value)])
    assert f"'{path}/photos'" in str(caught.value)
    pixels = io.BytesIO()
    Image.new("L", (8, 8)).save(pixels, "PNG")
    good = packed(tmp_path / "good.zip", **{"inside__1.png": pixels.getvalue()})
    assert catalog.load("folder", DataRequest(good)).name == "good"


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(".", b"x")
    with pytest.raises(GanzooError, match="would lie outside"):
        unzipped(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "names", [("a.png", "a.png"), ("a\\b.png", "a/b.png"), ("a", "a/b.png"), ("a/b.png", "a")]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_one_name_none_is_lost(tmp_path: Path, names: tuple[str, str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name)
    with pytest.raises(GanzooError, match="of which one would be lost"):
        unzipped(tmp_path / "a.zip")
    assert not [*cache_folder().glob("zip-*[!k]")]


def test_of_two_folders_of_one_name_on_another_disk_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not tell upper from lower case, where two classes would become one."""
    make = os.mkdir

    def mkdir(path: Path, mode: int = 0o777) -> None:
        path = Path(path)
        for there in path.parent.iterdir():
            if there.name.lower() == path.name.lower():
                if there.name != path.name:
                    path.symlink_to(there)
                raise FileExistsError(path)
        make(path, mode)

    path = packed(tmp_path / "a.zip", Cat__1=b"x", Cat__2=b"x", dog__1=b"x", cat__3=b"x")
    monkeypatch.setattr(os, "mkdir", mkdir)
    with pytest.raises(GanzooError, match=r"holds 'cat/3' and another of that name"):
        unzipped(path)


def test_a_name_that_is_too_long_is_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", **{"n" * 300: b"x"})
    with pytest.raises(GanzooError, match="a name that is too long for the disk"):
        unzipped(path)


def test_images_of_a_zip_are_none_of_the_folder_that_is_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where one scratch folder is used for all."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "all"))
    content = io.BytesIO()
    Image.new("L", (8, 8)).save(content, "PNG")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "own.png").write_bytes(content.getvalue())
    unzipped(packed(tmp_path / "a.zip", **{"photos__1.png": content.getvalue()}))
    assert list_images(tmp_path / "all", print, RULES) == ["own.png"]
