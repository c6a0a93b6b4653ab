"""The page on Python is true: it runs, and its tables leave nothing out."""

import re
from pathlib import Path

import pytest

import ganzoo
from ganzoo import library

PAGE = Path(library.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("few_drawn")
def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)
    run, digits, patience, swept = (names[name] for name in ("run", "digits", "patience", "swept"))
    assert isinstance(swept, ganzoo.Sweep)
    assert [row["state"] for row in swept.rows] == ["finished"] * 2
    assert isinstance(run, ganzoo.TrainedRun)
    assert isinstance(digits, ganzoo.Samples)
    assert (run.name, run.data.shape, run.step) == ("cgan", (1, 28, 28), 30)
    assert digits.array.shape == (20, 28, 28, 1)
    assert patience.gone  # type: ignore[attr-defined]
    stopped = ganzoo.open_run("runs/00002-vanilla-ring8")
    assert (stopped.run.state, stopped.step) == ("stopped", 10)
    for name in ("sevens.png", "walk.gif", "onward.webp", "seven/latent.safetensors", "inked"):
        assert Path(name).exists(), name


@pytest.mark.parametrize("cls", [ganzoo.TrainedRun, ganzoo.Samples, ganzoo.Sweep])
def test_the_page_has_all_that_is_public(cls: type) -> None:
    rows = re.search(
        rf"^\| of .*`{cls.__name__}` \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE
    )
    assert rows is not None
    told = {
        name
        for row in rows[1].splitlines()
        for cell in re.findall(r"`([^`]+)`", row.split("|")[1])
        for name in re.findall(r"\w+", cell)
    }
    public = {name for name in dir(cls) if not name.startswith("_")} - {"count", "index"}
    assert public - WITHIN <= told


WITHIN = {
    *("able", "loaded", "drawing", "drawn"),
    *("translating", "enlarging", "restoring", "encoding", "reconstructing"),
}
"""What the commands share with the methods: of no use to others."""
