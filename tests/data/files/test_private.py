"""What a folder that others may not read has in it, in the cache of its owner."""

import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.artifacts.places import cache_folder, make_cache_folder
from ganzoo.data.dataset import DataRequest
from ganzoo.data.files.zipped import unzipped
from ganzoo.data.sources.folder import load
from ganzoo.engine.modes.compiled import remember_compiled
from ganzoo.errors import GanzooError
from ganzoo.metrics.features.classifier import Net, write_net
from ganzoo.plugins.verify import Memory


def test_the_users_own_cache_is_for_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was as open as the umask has it, and decoded images in it were, too."""
    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "secret").mkdir(mode=0o700)
    for number in range(12):
        Image.new("L", (8, 8), number).save(tmp_path / "secret" / f"{number}.png")
    load(DataRequest(tmp_path / "secret", image_size=(8, 8)))
    (stored,) = (tmp_path / "home").rglob("images-*.safetensors")
    assert stored.parent.stat().st_mode & 0o077 == 0


def test_no_cache_is_made_that_others_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is kept there first: what plugins are, what was compiled, a classifier."""
    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    first = (
        Memory().save,
        lambda: remember_compiled("key"),
        lambda: write_net(cache_folder() / "x", Net(1, 2), 0.5, "", lambda words: None),
        lambda: unzipped(packed(tmp_path / "a.zip")),
    )
    for number, keep in enumerate(first):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"home{number}"))
        keep()
        assert cache_folder().stat().st_mode & 0o077 == 0


def packed(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.txt", "x")
    return path


def test_where_everybody_may_write_each_user_has_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others put images there that were trained on, unpacked zips, and locks without end."""
    everybodys = tmp_path / "cache"
    everybodys.mkdir()
    monkeypatch.setenv("GANZOO_CACHE", str(everybodys))
    for mode, part in ((0o755, ""), (0o775, ""), (0o2775, ""), (0o777, "user"), (0o1777, "user")):
        everybodys.chmod(mode)
        assert cache_folder().name.startswith(part or "cache")
    make_cache_folder()
    made = cache_folder()
    assert made == everybodys / f"user-{os.geteuid()}"
    assert made.stat().st_mode & 0o077 == 0
    made.rmdir()
    made.symlink_to(tmp_path)
    with pytest.raises(GanzooError, match="is another user's: set GANZOO_CACHE to another folder"):
        cache_folder()
    if os.geteuid() == 0:
        made.unlink()
        made.mkdir()
        os.chown(made, 54321, 54321)
        with pytest.raises(GanzooError, match="is another user's"):
            cache_folder()


def test_in_the_folder_of_another_each_user_has_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose it was could read what was decoded there of a private folder."""
    anothers = tmp_path / "cache"
    anothers.mkdir()
    if os.geteuid() == 0:
        os.chown(anothers, 54321, os.getegid())
    monkeypatch.setenv("GANZOO_CACHE", str(anothers))
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    for mode, name in ((0o755, "user-12345"), (0o700, "user-12345"), (0o2775, "cache")):
        anothers.chmod(mode)
        assert cache_folder().name == name
    monkeypatch.setattr(os, "listxattr", lambda path: ["system.posix_acl_access"], raising=False)
    assert cache_folder().name == "user-12345"  # the group's bits say what named users may do
