"""What somebody keeps in a run's folder stays there when the run goes on."""

import shutil
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from PIL import Image

from ganzoo.artifacts.places import check_place
from ganzoo.errors import GanzooError

LEFT = "0123456789-01234567890123456789.tmp"
"""Of the name that a killed writer leaves."""
OWN = (
    "samples/00000006.png",
    "evaluations/00000006-0a1b2c3d.json",
    f"evaluations/.00000002-0a1b2c3d.{LEFT}.json",
)
OTHERS = (
    *("samples/2024.png", "samples/00000004 copy.png", "samples/000000004.png", "samples/4.png"),
    *("samples/20261130.png", "evaluations/20261130-nearest.png"),  # days, and no steps
    *("evaluations/2024-notes.txt", "evaluations/00000004-notes.json", "evaluations/2024-0.json"),
    *(f".x.{LEFT}.npz", f".grids.{LEFT}/1.png", f".samples.{LEFT}/1.png"),  # of who writes now
    *(".notes.tmp.txt", ".x.tmp.y", "samples/.draft.tmp.png", "checkpoints/.mine.tmp/notes.txt"),
    *(".metrics.2026-11.tmp.jsonl", ".curves.3-3.tmp.png", "samples/.00000005.2-2.tmp.png"),
    "checkpoints/.00000005.1-1.tmp/keep",
)


def test_a_run_that_goes_on_removes_what_it_wrote_and_nothing_else(tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = ("--steps", 6, "--checkpoint-every", 2)
    trained = ganzoo("train", "vanilla", *TINY, *asked, "--out", run)
    assert trained.status == 0, trained.err
    shutil.rmtree(run / "checkpoints/00000006")
    for name in (*OWN, *OTHERS):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("kept")
    (run / "samples/00000009.png").mkdir()
    resumed = ganzoo("train", "--resume", run, "--steps", 5)
    assert resumed.status == 0, resumed.err
    assert [name for name in OTHERS if not (run / name).exists()] == []
    assert [name for name in OWN if (run / name).exists()] == []
    assert (run / "samples/00000009.png").is_dir()


def test_pictures_of_the_users_are_neither_shown_nor_in_the_way(tmp_path: Path) -> None:
    """One of another size was the whole film, and one beside an evaluation ended the report."""
    run = train_tiny(tmp_path / "run", "--sample-every", 1)
    (run / "evaluations").mkdir()
    for name in ("samples/20261130.png", "samples/9 best.png", "evaluations/mine-nearest.png"):
        Image.new("RGB", (3, 3)).save(run / name)
    assert ganzoo("train", "--resume", run, "--steps", 6).status == 0
    with Image.open(run / "samples.gif") as film:
        assert film.n_frames == 7  # type: ignore[attr-defined]
        assert film.size != (3, 3)
    assert ganzoo("report", run).status == 0
    page = (run / "report.html").read_text()
    assert "step 20,261,130" not in page


@pytest.mark.parametrize("name", ["curves.png", "samples.gif", "log.txt"])
def test_nothing_is_written_where_the_run_will_write(tmp_path: Path, name: str) -> None:
    """Though nothing is there yet, as with --sample-every 0."""
    run = train_tiny(tmp_path / "run")
    (run / name).unlink(missing_ok=True)
    for place in (run / name, tmp_path / "run" / "." / name):
        with pytest.raises(GanzooError, match="is a file of the run"):
            check_place(place)
    check_place(run / "mine.png")
