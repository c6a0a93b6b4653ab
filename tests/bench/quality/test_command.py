"""`ganzoo bench --quality`: what it is asked for, what it refuses, and the smallest GAN."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.bench.stand_in import MACHINE
from helpers.cli import ganzoo

from ganzoo.bench.quality.measure import Budget
from ganzoo.errors import GanzooError


@pytest.mark.parametrize(
    ("text", "budget", "shown"),
    [
        (None, Budget(), "default"),
        ("600s", Budget(seconds=600), "600s"),
        ("0.5s", Budget(seconds=0.5), "0.5s"),
        ("2000", Budget(steps=2000), "2000steps"),
        ("2000steps", Budget(steps=2000), "2000steps"),
        ("1 step", Budget(steps=1), "1steps"),
    ],
)
def test_budgets(text: str | None, budget: Budget, shown: str) -> None:
    assert Budget.parse(text) == budget
    assert str(budget) == shown


@pytest.mark.parametrize("text", ["", "0", "0s", "1.5", "-3", "10min", "s", "1e3", "nan"])
def test_budgets_that_are_none(text: str) -> None:
    with pytest.raises(GanzooError, match="--budget is seconds such as 600s"):
        Budget.parse(text)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("vanilla", "--budget", "5"), "--budget belongs to the measurement of quality"),
        (("vanilla", "--seeds", "3"), "--seeds belongs to the measurement of quality"),
        (("vanilla", "--runs", "x"), "--runs belongs to the measurement of quality"),
        (("--quality", "--modes", "eager"), "--modes belongs to the measurement of speed"),
        (("--quality", "--precision", "fp32"), "--precision belongs to the measurement of speed"),
        (("--quality", "--seconds", "3"), "--seconds belongs to the measurement of speed"),
        (("--quality", "--steps", "3"), "--steps belongs to the measurement of speed"),
        (("--quality", "--profile", "x"), "--profile belongs to the measurement of speed"),
        (("--quality", "--budget", "soon"), "--budget is seconds such as 600s"),
        (("--quality", "vanila"), "did you mean 'vanilla'"),
        (("--quality", "--report", __file__), "is a file"),
        (("--quality", "--set", "seed=3"), "--set seed is not possible with --quality"),
    ],
)
def test_bad_input_is_refused_before_anything_is_done(
    args: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = ganzoo("bench", *args)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert [*tmp_path.iterdir()] == []


def test_notes_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "runs" / ".bench").mkdir(parents=True)
    (tmp_path / "mine").touch()
    (tmp_path / "runs" / ".bench" / "vanilla-0.log").symlink_to(tmp_path / "mine")
    args = ("--dataset", "ring8", "--budget", "2steps", "--seeds", 1, "--runs", tmp_path / "runs")
    result = ganzoo("bench", "--quality", "vanilla", *args)
    assert "is a link, through which" in result.err + result.out
    assert (tmp_path / "mine").read_text() == ""
    assert not (tmp_path / "runs" / "vanilla-0").exists()


def test_looking_at_it_does_not_import_torch() -> None:
    code = (
        "import sys; import ganzoo.cli.commands.bench, ganzoo.cli.quality; "
        "import ganzoo.bench.quality.report; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_program_refuses_before_it_makes_a_run(tmp_path: Path) -> None:
    refused = ganzoo("train", "cyclegan", "--dataset", "ring8", "--out", tmp_path / "run")
    assert refused.status == 2
    assert [*tmp_path.iterdir()] == []  # by which it is told from a training that fails


def test_the_smallest_gan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("ganzoo.bench.speed.compare.describe_machine", lambda *_, **__: MACHINE)
    result = ganzoo(
        *("bench", "--quality", "vanilla", "--dataset", "ring8", "--budget", "5"),
        *("--seeds", "1", "--set", "generator-widths=8", "--set", "discriminator_widths=8"),
        *("--batch-size", "16", "--json"),
    )
    assert result.status == 0, result.err
    data = json.loads(result.out)
    trial = data["trials"][0]
    assert (trial["step"], trial["images"]) == (5, 5 * 16)
    (table,) = data["tables"]
    assert "ring8" in table["protocol"]
    assert {"modes", "high_quality"} <= table["rows"][0]["scores"].keys()
    runs = Path("runs/quality-ring8-5steps")
    settings = json.loads((runs / "vanilla-0" / "run.json").read_text())
    assert settings["config"]["generator_widths"] == [8]
    assert "vanilla, seed 0: training" in result.err.splitlines()
    written = [Path(line) for line in result.err.splitlines() if line.startswith("benchmarks")]
    assert [path.suffix for path in written] == [".md", ".json"]
    assert json.loads(written[1].read_text())["tables"] == data["tables"]
    assert [path.name for path in runs.glob("[!.]*")] == ["vanilla-0"]  # for `ganzoo compare *`
