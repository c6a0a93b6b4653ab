"""Samples as files and arrays, and the list of runs."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import TINY, ganzoo, train_tiny
from helpers.plugins.toy import TOY_INIT, TOY_VARIANT, write_images
from PIL import Image

pytestmark = pytest.mark.usefixtures("here")

# --- sampling ------------------------------------------------------------------------------------


def test_samples_as_files_and_as_one_array_are_the_same() -> None:
    data = write_images(Path("images"))
    quick = ("--width", 1, "--lr", 0.05, "--steps", 5)
    result = ganzoo("train", "dcgan", *data, *quick, "--out", "run")
    assert result.status == 0, result.err
    assert ganzoo("sample", "run", "--n", 260, "--out", "many").status == 0
    assert ganzoo("sample", "run", "--n", 3, "--out", "few.npz").status == 0
    assert ganzoo("sample", "run", "--n", 3, "--out", "other.npz", "--seed", 1).status == 0
    files = sorted(path.name for path in Path("many").glob("[!.]*"))
    assert files == [*(f"{i:05d}.png" for i in range(260)), "samples.json"]
    few = np.load("few.npz")
    assert few.files == ["images"]
    assert (few["images"].shape, few["images"].dtype) == ((3, 28, 28, 1), np.uint8)
    for i, image in enumerate(few["images"]):
        assert np.array_equal(np.asarray(Image.open(f"many/{i:05d}.png")), image[:, :, 0])
    assert not np.array_equal(few["images"], np.load("other.npz")["images"])


def test_points_are_floats() -> None:
    train_tiny(Path("run"))
    assert (
        ganzoo("sample", "run", "--n", 7, "--out", "deep/er/points", "--format", "npz").status == 0
    )
    drawn = np.load("deep/er/points")
    assert (drawn["points"].shape, drawn["points"].dtype) == ((7, 2), np.float32)


def test_labels_come_with_the_samples_of_a_conditional_variant(
    install: Callable[..., None],
) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    data = write_images(Path("images"), ("a", "b", "c"))
    assert ganzoo("train", "toy", *data, "--out", "run").status == 0
    assert ganzoo("sample", "run", "--n", 600, "--out", "all.npz").status == 0
    drawn = np.load("all.npz")
    assert drawn["labels"].tolist() == [i % 3 for i in range(600)]
    assert np.array_equal(drawn["images"][:, 5, 7, 0], drawn["labels"])
    assert ganzoo("sample", "run", "--n", 4, "--out", "b.npz", "--label", 1).status == 0
    assert np.load("b.npz")["labels"].tolist() == [1, 1, 1, 1]
    assert (np.load("b.npz")["images"] == 1).all()
    refused = ganzoo("sample", "run", "--n", 4, "--out", "d.npz", "--label", 3)
    assert (refused.status, Path("d.npz").exists()) == (2, False)
    assert "--label must be 0 to 2, not 3" in refused.err


# --- runs ----------------------------------------------------------------------------------------


def test_runs_are_numbered_and_listed() -> None:
    assert "no runs in runs yet" in ganzoo("runs").out
    assert json.loads(ganzoo("runs", "--json").out) == []
    for steps in (1, 2):
        assert ganzoo("train", "vanilla", *TINY, "--steps", steps).status == 0
    first, second = json.loads(ganzoo("runs", "--json").out)
    created = first.pop("created")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", created)
    assert first == {
        "path": "runs/00001-vanilla-ring8",
        "variant": "vanilla",
        "data": "ring8",
        "step": 1,
        "steps": 1,
        "state": "finished",
        "resume": None,
    }
    assert second["path"] == "runs/00002-vanilla-ring8"
    assert "runs/00002-vanilla-ring8" in ganzoo("runs", "runs").out
