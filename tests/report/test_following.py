"""A page that is written again as long as a run is trained."""

from pathlib import Path

import pytest
from helpers.cli import train_tiny

from ganzoo.errors import GanzooError
from ganzoo.report.write import follow, report
from ganzoo.runs.run import Run


def test_what_is_put_in_its_place_while_it_follows_is_left(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    with Run.open(run).locked():
        pages = follow([run], tmp_path / "page.html", every=0.0)
        place, _ = next(pages)
        place.write_text("my own")
        with pytest.raises(GanzooError, match="is no report, and is left as it is"):
            next(pages)
    assert place.read_text() == "my own"


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    """It became a file that all could read, and what it led to stayed as it was."""
    run, page, link = train_tiny(tmp_path / "run"), tmp_path / "page.html", tmp_path / "link.html"
    report([run], page)
    page.chmod(0o600)
    before = page.stat().st_ino
    link.symlink_to(page.name)
    assert report([run], link) == page
    assert link.is_symlink()
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.stat().st_ino != before
