"""What `ganzoo compare` prints, and what it loads to do so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.cli import ganzoo
from rich.console import Console

from ganzoo.cli.commands.using.compare import print_scores
from ganzoo.compare.scoreboard import Numbers, tabulate

from .test_compare import P, evaluated, make_run


def test_the_best_is_bold(capsys: pytest.CaptureFixture[str]) -> None:
    runs = {
        name: [[Numbers(name, P, 1, {"frechet": value}, {"frechet": "lower"})]]
        for name, value in {"a": 31.5, "b": 42.5}.items()
    }
    print_scores(Console(force_terminal=True, color_system="standard"), tabulate(runs)[0])
    out = capsys.readouterr().out
    assert "\x1b[1m31.5" in out
    assert "\x1b[1m42.5" not in out


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_number_is_broken_in_two_however_narrow_the_screen(
    capsys: pytest.CaptureFixture[str], width: int
) -> None:
    values = {f"score_{name}": 0.001234 for name in "abcdefghij"}
    better = dict.fromkeys(values, "higher")
    runs = {"a run": [[Numbers("a run", P, 100, values, better)]]}
    print_scores(Console(width=width), tabulate(runs)[0])
    shown = capsys.readouterr().out
    for name in values:
        assert name.replace("_", " ") in shown
    assert shown.count("0.001234") == len(values)


def test_the_command(tmp_path: Path) -> None:
    a = evaluated(make_run(tmp_path / "a"), frechet=10.0)
    b = evaluated(make_run(tmp_path / "b", lr=0.01), frechet=12.25)
    result = ganzoo("compare", a, b)
    assert result.status == 0
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert ["setting", str(a), str(b)] in lines
    assert ["--lr", "0.001", "0.01"] in lines
    assert [str(b), "1", "100", "12.25"] in lines
    assert P in result.out
    content = json.loads(ganzoo("compare", a, b, "--json").out)
    assert content["differences"] == {"--lr": {str(a): 0.001, str(b): 0.01}}
    assert content["tables"][0]["protocol"] == P


def test_the_command_with_seeds_alone(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"{seed}", seed=seed) for seed in (0, 1)]
    assert "differ in nothing but the seed" in ganzoo("compare", *runs).out


def test_importing_it_does_not_import_torch() -> None:
    code = "import sys; import ganzoo.cli.commands.using.compare, ganzoo.compare.runs; "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
