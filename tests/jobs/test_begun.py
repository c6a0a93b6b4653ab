"""Where a run is to be, nothing is removed but what a training had just begun."""

import re
import shutil
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo

from ganzoo.errors import GanzooError
from ganzoo.jobs.child import begun


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Trained for two steps."""
    path = tmp_path / "run"
    trained = ganzoo("train", "vanilla", *TINY, "--steps", 2, "--log-every", 1, "--out", path)
    assert trained.status == 0, trained.err
    return path


def test_one_whose_checkpoints_are_elsewhere_is_kept(run: Path) -> None:
    """As somebody has moved them to where there is room, whatever the training ended by."""
    found = begun(run)
    assert found is not None
    (run / "checkpoints").rename(run.parent / "elsewhere")
    for outcome in ("finished", "stopped", "diverged", "crashed", None):
        found.close(outcome)
        with pytest.raises(GanzooError, match="trained for 2 steps, and its checkpoints are gone"):
            begun(run)
    assert (run / "metrics.jsonl").exists()


def test_one_that_had_just_begun_is_removed(run: Path) -> None:
    found = begun(run)
    assert found is not None
    found.close(None)
    shutil.rmtree(run / "checkpoints")
    (run / "metrics.jsonl").unlink()
    (run / "curves.png").unlink(missing_ok=True)
    for film in run.glob("*.gif"):
        film.unlink()
    others = [
        path.name for path in run.iterdir() if path.name not in (".lock", "run.json", "log.txt")
    ]
    assert others == ["samples"]
    (run / "notes.txt").touch()
    with pytest.raises(GanzooError, match=r"had just begun and holds notes\.txt: move it elsewher"):
        begun(run)
    (run / "notes.txt").unlink()
    for name in (".notes", ".secret/key", "samples/best.png", "checkpoints/notes.txt"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).touch()
        with pytest.raises(GanzooError, match=f"had just begun and holds {re.escape(name)}: move"):
            begun(run)
        (run / name).unlink()
    (run / ".run.json.0123456789-01234567890123456789.tmp").touch()
    assert begun(run) is None
    assert not run.exists()
