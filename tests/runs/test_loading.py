"""A checkpoint of a run that is being trained while it is loaded."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.cli import TINY, ganzoo

import ganzoo as library
from ganzoo import GanzooError
from ganzoo.library.making.inversion import critic_of
from ganzoo.runs import checkpoint, load
from ganzoo.runs.run import Run


@pytest.fixture
def going_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose only checkpoint is removed while it is first read, when there is a later one."""
    run, later = tmp_path / "run", tmp_path / "later"
    ganzoo("train", "vanilla", *TINY, "--steps", 2, "--checkpoint-every", 1, "--out", run)
    folder = run / "checkpoints"
    shutil.rmtree(folder / "00000000", ignore_errors=True)
    (folder / "00000002").rename(later)

    def removing(read: Callable[..., dict[str, torch.Tensor]]) -> Callable[..., object]:
        def meanwhile(path: Path, *told: Any) -> dict[str, torch.Tensor]:
            if later.exists():
                later.rename(folder / "00000002")
                shutil.rmtree(folder / "00000001")
            return read(path, *told)

        return meanwhile

    for name in ("load_weights", "read"):
        monkeypatch.setattr(checkpoint, name, removing(getattr(checkpoint, name)))
    return run


def sampled(run: Path) -> int:
    step: int = library.open_run(run).sample(2).origin["step"]
    return step


def evaluated(run: Path) -> int:
    result = ganzoo("evaluate", run, "--n", 20)
    assert result.status == 0, result.err
    (file,) = (run / "evaluations").glob("*.json")
    return int(json.loads(file.read_text())["step"])


def exported(run: Path) -> int:
    assert ganzoo("export", run, "--format", "torch", "--out", run.parent / "out").status == 0
    card = (run.parent / "out" / "README.md").read_text()
    (step,) = (word for word in ("1", "2") if f"for {word} steps" in card)
    return int(step)


def begun_from(run: Path) -> int:
    out = run.parent / "out"
    flags = (*TINY, "--steps", 1, "--init", run, "--out", out)
    result = ganzoo("train", "vanilla", *flags)
    assert result.status == 0, result.err
    (step,) = re.findall(r"it starts from .* at step (\d+)", " ".join(result.out.split()))
    return int(step)


@pytest.mark.parametrize("use", [sampled, evaluated, exported, begun_from])
def test_what_is_made_tells_the_checkpoint_that_made_it(
    going_on: Path, use: Callable[[Path], int]
) -> None:
    assert use(going_on) == 2


def test_what_was_opened_stays_what_it_was(going_on: Path) -> None:
    """A later checkpoint does not change what samples of a program are said to be from."""
    opened = library.open_run(going_on)
    assert opened.step == 1
    first = opened.sample(2)
    assert opened.step == 2
    folder = going_on / "checkpoints"
    shutil.copytree(folder / "00000002", folder / "00000003")
    again = opened.sample(2)
    assert again.origin == first.origin
    assert opened.step == 2


def test_one_that_is_always_removed_is_told_of(
    going_on: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, number = Run.open(going_on), iter(range(3, 100))
    loaded = load.load(run, torch.device("cpu"))

    def gone(path: Path, *_: Any) -> dict[str, torch.Tensor]:
        path.rename(path.with_name(f"{next(number):08d}"))
        raise GanzooError("damaged")

    monkeypatch.setattr(checkpoint, "load_weights", gone)
    with pytest.raises(GanzooError, match="removed meanwhile: a training that goes on keeps"):
        load.load(run, torch.device("cpu"))
    with pytest.raises(GanzooError, match="00000002 was removed meanwhile"):
        critic_of(loaded)
