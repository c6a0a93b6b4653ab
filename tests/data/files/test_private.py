"""What a folder that others may not read has in it, in the cache of its owner."""

from pathlib import Path

import pytest
from PIL import Image

from ganzoo.data.dataset import DataRequest
from ganzoo.data.sources.folder import load


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
