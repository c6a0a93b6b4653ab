"""What the evaluations of a sweep need is known before its first training, and what they wait for
is told after it."""

import json
import re
from pathlib import Path

import pytest
import torch
from helpers.cli import TINY, ganzoo, train_tiny
from PIL import Image

from ganzoo.data.made import glyphs
from ganzoo.jobs.executor import Job
from ganzoo.metrics.features import classifier
from ganzoo.plugins.registry import registry
from ganzoo.runs import room

from .conftest import Here

SMALL = ("--generator-widths", "8", "--discriminator-widths", "8", "--steps", 2, "--out", "s")
RATES = ("--set", "lr=1e-3,1e-2")

pytestmark = pytest.mark.usefixtures("blank")


@pytest.fixture
def digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """Flags of a folder of digits in class folders, of which nothing was learned yet."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(classifier, "STEPS", 8)
    labels = torch.arange(60) % 3
    images = glyphs.draw(labels, (28, 28), torch.Generator().manual_seed(0))
    for number, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        file = tmp_path / "digits" / str(label) / f"{number:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0].numpy()).save(file)
    return "--dataset", "folder", "--data-root", tmp_path / "digits", "--image-size", 28


def test_the_classifier_is_trained_before_the_first_run_and_that_is_said(
    here: Here, digits: tuple[object, ...]
) -> None:
    def fail(job: Job) -> int:
        job.log.touch()
        return 2

    here.before = fail
    result = ganzoo("sweep", "vanilla", *digits, *SMALL, *RATES, "--evaluate-every", 2)
    said = "training a classifier of 3 classes on 54 images of 'digits', about"
    assert result.out.count(said) == 1
    assert result.out.index(said) < result.out.index(": training")
    assert len([*Path("cache").glob("classifier-*")]) == 1


def test_a_dry_run_counts_the_evaluations_and_learns_nothing(
    here: Here, digits: tuple[object, ...]
) -> None:
    flags = ("--evaluate-every", 1, "--seeds", 2, "--dry-run")
    result = ganzoo("sweep", "vanilla", *digits, *SMALL, *RATES, *flags)
    assert result.status == 0, result.err
    once = r"; before the first a classifier is trained, once for all runs, about \d+ s"
    assert re.search(rf"evaluates +8 evaluations in the trainings, of .* each{once}", result.out)
    assert re.search(r"at the end +4 evaluations, one a run, of about \d+ s each\n", result.out)
    assert not [*Path("cache").glob("classifier-*")]
    one = ganzoo("train", "vanilla", *digits, *SMALL, "--evaluate-every", 1, "--dry-run")
    assert re.search(rf"evaluates +2 evaluations, of about \d+ s each{once}", one.out)
    assert not [*Path("cache").glob("classifier-*")]


def test_runs_that_nothing_can_judge_are_not_trained(
    here: Here, digits: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in Path("digits").rglob("*.png"):
        file.rename(Path("digits") / file.name)
    monkeypatch.setenv("GANZOO_DISABLE", "ganzoo-features")
    registry.cache_clear()
    try:
        result = ganzoo("sweep", "vanilla", *digits, *SMALL, *RATES)
    finally:
        monkeypatch.undo()
        registry.cache_clear()
    assert (result.status, here.jobs) == (2, [])
    assert "nothing sees features in images of 'digits'" in result.err
    assert "--no-evaluate trains without an evaluation (with lr=0.001)" in result.err


def test_runs_that_find_no_room_together_are_not_trained(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_disk_of", lambda folder: (10**9, 10))
    result = ganzoo("sweep", "vanilla", *TINY, *SMALL[4:], *RATES, "--seeds", 3)
    assert (result.status, here.jobs) == (2, [])
    assert re.search(r"the checkpoints of these 6 runs need \d+ MB, and 0 MB are free", result.err)


def test_a_run_that_waits_for_its_evaluation_is_trained_and_not_in_training(here: Here) -> None:
    def interrupt(job: Job) -> int | None:
        if job.arguments[0] == "evaluate":
            raise KeyboardInterrupt
        train_tiny(Path("s") / job.name, "--lr", 0.01, "--steps", 4)
        return 0

    here.before = interrupt
    flags = ("--steps", 4, "--out", "s", "--jobs", 2, "--seeds", 2)
    result = ganzoo("sweep", "vanilla", *TINY, *flags, *RATES)
    assert "stopped, and saved" in result.out
    table = result.out[result.out.rindex("run ") :]
    states = re.findall(r"seed=\d +(\w+)", table)
    assert states.count("trained") == 2, table
    assert states.count("waiting") == 2
    assert json.loads(Path("s/sweep.json").read_text())
