"""A training that grows says in which stage it is, and does not promise when it will be over."""

import re
from pathlib import Path

import pytest
from helpers.cli import ganzoo

from ganzoo.cli import display
from ganzoo.runs.run import Run

GROWING = (
    *("train", "progan", "--dataset", "glyphs", "--few", 64, "--width", 4, "--wide-to", 4),
    *("--latent-dim", 4, "--stable", 16, "--fading", 16, "--batch-size", 16, "--mode", "eager"),
)


def stages(run: Path) -> dict[int, float]:
    return {int(row["step"]): row["stage"] for row in Run.open(run).metrics() if "stage" in row}


@pytest.mark.usefixtures("blank", "few_drawn")
def test_records_and_messages_tell_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "QUIET", 0.0)
    result = ganzoo(*GROWING, "--steps", 3, "--log-every", 1, "--out", tmp_path)
    assert result.status == 0, result.err
    assert stages(tmp_path) == {1: 0, 2: 1, 3: 2}
    said = "step 2: stage 1 begins: Level(number=1, fading=True)"
    assert said in result.out
    assert said in (tmp_path / "log.txt").read_text()
    assert re.search(
        r"^step 2/3 .* stage 1 .* 0:00:0\d left in this stage, then 1 more$",
        result.out,
        re.MULTILINE,
    )
    assert re.search(r"^step 3/3 .* 0:00:00 left$", result.out, re.MULTILINE)
    resumed = ganzoo("train", "--resume", tmp_path, "--steps", 5)
    assert resumed.status == 0, resumed.err
    assert stages(tmp_path) == {1: 0, 2: 1, 3: 2, 4: 3, 5: 4}


@pytest.mark.usefixtures("blank")
def test_one_without_stages_tells_none(tmp_path: Path) -> None:
    assert ganzoo("train", "vanilla", "--steps", 2, "--log-every", 1, "--out", tmp_path).status == 0
    assert stages(tmp_path) == {}
