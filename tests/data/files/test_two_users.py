"""Two users with one folder of caches: each goes on, or is told in a sentence why not."""

import json
import os
import tempfile
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.verify import Memory

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may be two users"
)
ONE, OTHER, GROUP = 54321, 54322, 54320


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that both may enter, with images and a zip of them, and ``cache``, the group's."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "photos").mkdir()
        for number in range(3):
            Image.new("L", (8, 8), number).save(place / "photos" / f"{number}.png")
        with zipfile.ZipFile(place / "photos.zip", "w") as archive:
            archive.write(place / "photos" / "0.png", "0.png")
        (place / "cache").mkdir()
        os.chown(place / "cache", 0, GROUP)
        (place / "cache").chmod(0o2775)
        yield place


def loaded(path: Path) -> str:
    """How many images there are, and what is said of the cache, or why not."""
    said: list[str] = []
    try:
        found = catalog.load("folder", DataRequest(path, image_size=(8, 8), report=said.append))
    except GanzooError as error:
        return str(error)
    return f"{len(found)} {[line for line in said if 'written' in line or 'anew' in line]}"


def load(user: int, shared: Path, *names: str, umask: int = 0o002) -> list[str]:
    """What comes of it where a user loads images.

    In a fork, which has imported all before it is the user, who may not be able to read Python.
    """
    loaded(shared / "photos.zip")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.environ["GANZOO_CACHE"] = str(shared / "cache")
            os.setgroups([])
            os.setgid(GROUP)
            os.setuid(user)
            os.umask(umask)
            told = [loaded(shared / name) for name in names]
            Memory().save()
        except BaseException:
            told = [traceback.format_exc()]
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found: list[str] = json.load(answer)
    os.waitpid(child, 0)
    return found


def test_what_one_has_cached_the_other_uses(shared: Path) -> None:
    both = "photos", "photos.zip"
    assert load(ONE, shared, *both) == ["3 []", "1 []"]
    kept = {path.name: path.stat() for path in (shared / "cache").rglob("*")}
    assert load(OTHER, shared, *both) == ["3 []", "1 []"]
    again = {path.name: path.stat() for path in (shared / "cache").rglob("*.safetensors")}
    assert again
    for name, status in again.items():
        assert (status.st_ino, status.st_uid) == (kept[name].st_ino, ONE)
        assert status.st_mode & 0o060 == 0o060, name


def test_what_the_other_cannot_read_is_made_anew(shared: Path) -> None:
    """As of one who keeps everything from others."""
    assert load(ONE, shared, "photos", "photos.zip", umask=0o077) == ["3 []", "1 []"]
    first, second = load(OTHER, shared, "photos", "photos.zip")
    assert first == "3 []"
    assert "another user lets you read nothing: set GANZOO_CACHE" in second
    assert load(ONE, shared, "photos", umask=0o077) == ["3 []"]


def test_where_nothing_may_be_replaced_it_is_said(shared: Path) -> None:
    """A sticky folder, as /tmp is, and one that is another's alone."""
    load(ONE, shared, "photos", umask=0o077)
    for mode in (0o3775, 0o755):
        (shared / "cache").chmod(mode)
        (said,) = load(OTHER, shared, "photos")
        assert "cannot be written" in said
        assert "set GANZOO_CACHE to a folder that can" in said
