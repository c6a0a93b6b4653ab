"""A plugin that would end the program is named, in one sentence, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.cli import ganzoo, tree
from helpers.plugins.toy import TOY_INIT, TOY_VARIANT, write_images

from ganzoo.runs.run import Run

ENDING = """import os

def ends(where):
    if os.path.exists(where):
        {raises}

def load(request):
    ends("load")

"""
SETS = """
from ganzoo import DatasetSpec

@hookimpl
def ganzoo_register_datasets():
    return [DatasetSpec("nothing", "ganzoo_toy.variant:load", "None", "1x28x28", 0, "made")]
"""
RAISES = {
    "raise SystemExit(0)": "SystemExit: 0",
    "exit('bye')": "SystemExit: bye",
    "raise KeyboardInterrupt": "KeyboardInterrupt: ",
    "raise type('Own', (BaseException,), {})('why')": "Own: why",
}


@pytest.fixture
def ending(
    install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Install a toy that raises where a file of the name of a place is."""
    monkeypatch.chdir(tmp_path)

    def place(raises: str) -> None:
        played = TOY_VARIANT.replace("lambda batch: self", "lambda batch: ends('step') or self")
        drawn = played.replace("        value =", "        ends('forward')\n        value =")
        install("toy", TOY_INIT + SETS, ENDING.format(raises=raises) + drawn)

    return place


def train() -> None:
    """A run of one step, which nothing ends."""
    flags = write_images(Path("photos"), ("a", "b"))
    done = ganzoo("train", "toy", *flags, "--mode", "eager", "--steps", 1, "--out", "run")
    assert done.status == 0, done.err


def check(words: str, *args: object, who: str = "variant 'toy'") -> None:
    """The command says so in a line, and names the plugin."""
    result = ganzoo(*args)
    assert result.status == 1
    said = f"ganzoo: error: {who} of ganzoo-toy 3.2.1 would have ended the program, by {words}"
    assert result.err.splitlines()[-1].startswith(said), result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("raises", RAISES)
@pytest.mark.usefixtures("blank")
def test_a_training_ends_with_a_sentence_and_goes_on(
    ending: Callable[[str], None], raises: str
) -> None:
    ending(raises)
    train()
    saved = Run.open(Path("run")).latest_checkpoint()
    before = tree(saved)
    Path("step").touch()
    check(RAISES[raises], *("train", "--resume", "run", "--steps", 2))
    assert Run.open(Path("run")).state == "crashed"
    assert tree(saved) == before
    Path("step").unlink()
    assert ganzoo("train", "--resume", "run", "--steps", 2).status == 0


@pytest.mark.usefixtures("blank")
def test_drawing_and_loading_end_with_a_sentence(ending: Callable[[str], None]) -> None:
    ending("exit()")
    train()
    for name in ("forward", "load"):
        Path(name).touch()
    check("SystemExit: ", "sample", "run", "--n", 4, "--out", "out")
    check("SystemExit: ", "train", "toy", "--dataset", "nothing", who="data set 'nothing'")


def test_what_no_plugin_has_raised_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.cli._call", lambda args: exit(3))
    with pytest.raises(SystemExit):
        ganzoo("list")
