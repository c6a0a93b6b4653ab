"""Compiled code, which torch runs as it finds it, is nobody else's."""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.engine.engines import CPU, make_engine
from helpers.games import Toy

from ganzoo import GanzooError
from ganzoo.engine.modes import execution
from ganzoo.engine.modes.code_cache import usual_folder, why_not_own
from ganzoo.engine.modes.compiled import CompiledGradients
from ganzoo.engine.modes.execution import choose_mode

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners of files")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps compiled code; it is not there yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(execution, "has_compiler", lambda: True)
    path = usual_folder()
    assert path.parent == tmp_path
    return path


def test_it_is_made_before_another_user_can(folder: Path) -> None:
    assert why_not_own() == ""
    assert not folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    assert why_not_own() == ""


def of_anybody(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def of_a_group(folder: Path) -> None:
    folder.mkdir()
    others = [group for group in os.getgroups() if group != os.getegid()]
    if os.geteuid() == 0:
        others = [54321]
    if not others:
        pytest.skip("needs a group of several")
    os.chown(folder, -1, others[0])
    folder.chmod(0o770)


def a_link(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)


def replaceable(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    folder.parent.chmod(0o777)


def another_users(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs another user")
    folder.mkdir()
    os.chown(folder, 54321, 54321)


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        (of_anybody, "others can write into"),
        (of_a_group, "others can write into"),
        (a_link, "is a link"),
        (replaceable, "others can replace"),
        (another_users, "is another user's"),
    ],
)
def test_what_may_be_another_users_is_not_run(
    folder: Path, planted: Callable[[Path], None], says: str
) -> None:
    planted(folder)
    check_refused(says)


def test_what_is_named_in_its_place_is_looked_at_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scratch folder that several share: what one of them put there ran as the others."""
    shared = folder.parent / "shared"
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(shared))
    assert why_not_own() == ""
    shared.chmod(0o777)
    check_refused("others can write into")


def check_refused(says: str) -> None:
    refused = f"{says}.*torch runs the compiled code that lies there: remove it, or set TMPDIR"
    variant = make_engine(Toy).variant
    with pytest.raises(GanzooError, match=refused):
        choose_mode("compile", CPU, variant, 10, "key")
    with pytest.raises(GanzooError, match=refused):
        CompiledGradients(lambda message: None)
    mode, because = choose_mode("auto", CPU, variant, 10**6, "key")
    assert mode == "eager"
    assert says in because


def test_a_temporary_folder_that_is_not_there_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/temporary")
    with pytest.raises(GanzooError, match=r"/dev/null/temporary/torchinductor.* cannot be used"):
        choose_mode("compile", CPU, make_engine(Toy).variant, 10, "key")
