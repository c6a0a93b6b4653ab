"""What a shell completes, by click's own protocol."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.cli import ganzoo, train_tiny
from helpers.places import ROOT

from ganzoo.cli import run


@pytest.fixture
def complete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], list[str]]:
    def ask(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_GANZOO_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit):
            run([])
        said = capsys.readouterr().out.splitlines()
        return [line.partition(",")[2] for line in said if line]

    return ask


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ganzoo tra", ["train", "translate"]),
        ("ganzoo train dcg", ["dcgan"]),
        ("ganzoo sweep dcg", ["dcgan"]),
        ("ganzoo info vanil", ["vanilla"]),
        ("ganzoo train dcgan --batch-s", ["--batch-size"]),
        ("ganzoo train dcgan --bet", ["--beta1"]),  # which is the variant's own
        ("ganzoo train --bet", []),
        ("ganzoo train dcgn --bet", []),
        ("ganzoo train dcgan --dataset gl", ["glyphs", "glyph-pairs"]),
        ("ganzoo train dcgan --loss hin", ["hinge"]),
        ("ganzoo train dcgan --mode ", ["auto", "eager", "compile", "graph"]),
        ("ganzoo sweep dcgan --executor l", ["local"]),
        ("ganzoo sweep dcgan --no-ev", ["--no-evaluate"]),
    ],
)
def test_names_and_flags(complete: Callable[[str], list[str]], line: str, found: list[str]) -> None:
    assert sorted(complete(line)) == sorted(found)


def test_folders_of_runs(
    complete: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train_tiny(Path("runs/00001-tiny"))
    Path("photos").mkdir()
    Path("notes.txt").touch()
    assert complete("ganzoo sample ru") == ["runs/", "runs/00001-tiny"]
    assert complete("ganzoo sample runs/") == ["runs/00001-tiny"]
    assert complete("ganzoo train --resume runs/0") == ["runs/00001-tiny"]
    assert complete(f"ganzoo report {tmp_path}/ru") == [f"{tmp_path}/runs/"]
    assert complete("ganzoo evaluate p") == ["photos/"]


ASKED = """
eval "$(_GANZOO_COMPLETE=bash_source ganzoo)"
COMP_WORDS=(ganzoo sample runs/0)
COMP_CWORD=2
_ganzoo_completion ganzoo
for word in "${COMPREPLY[@]}"; do eval "printf '%s\\n' $word"; done
"""


def test_a_folder_is_one_word_whatever_it_is_called(tmp_path: Path) -> None:
    """The shell that had completed it ran a command in the name of a stranger's folder."""
    names = ["00001-$(touch in)", "00002 `touch in`", "00003;touch in", "00004 'ü' \"&|<>*?[]{}~#!"]
    for name in (*names, "00005\nx", "00006\x1b[2J", "00007\\$(touch in)"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    (tmp_path / "ganzoo").write_text(f"#!/bin/sh\nexec '{sys.executable}' -P -m ganzoo \"$@\"\n")
    (tmp_path / "ganzoo").chmod(0o755)
    places = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ASKED],
        cwd=tmp_path,
        env=os.environ | {"PATH": places},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [f"runs/{name}/" for name in names], done.stderr
    assert not (tmp_path / "in").exists()


def test_it_needs_no_torch(tmp_path: Path) -> None:
    """Once the variant was seen, as by ``ganzoo list``."""
    code = "import sys\nfrom ganzoo.cli import run\n"
    code += "try: run([])\nfinally: print('torch' in sys.modules)"
    line = {"_GANZOO_COMPLETE": "bash_complete", "COMP_WORDS": "ganzoo train vanilla --generator-w"}
    environment = os.environ | line | {"COMP_CWORD": "3", "GANZOO_CACHE": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["plain,--generator-widths", seen] for seen in ("True", "False")]


def test_the_line_of_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    """It prints a script for bash that asks as the tests above do."""
    line = r'^eval "\$\((_GANZOO_COMPLETE)=(bash_source) ganzoo\)"'
    ((name, value),) = re.findall(line, (ROOT / "README.md").read_text(), re.MULTILINE)
    monkeypatch.setenv(name, value)
    code = "from ganzoo.cli import main; import sys; sys.argv = ['ganzoo']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "_GANZOO_COMPLETE=bash_complete" in done.stdout
    assert "complete -o nosort -F" in done.stdout
    monkeypatch.delenv(name)
    assert ganzoo("--version").status == 0
