"""``ganzoo evaluate`` where nothing looks at features: points, translations, no labels."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cli import ganzoo, scores, train_tiny
from PIL import Image

from ganzoo.plugins.registry import registry

LACKING = "classifier needs labels, inception needs "


@pytest.fixture(autouse=True)
def _nothing_that_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache, no weights, and no plugin that brings some."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("GANZOO_DISABLE", "ganzoo-features")
    registry.cache_clear()
    yield
    registry.cache_clear()


def test_points_are_measured_by_modes(tmp_path: Path) -> None:
    run = train_tiny(tmp_path / "run")
    result = ganzoo("evaluate", run, "--n", 2500, "--json")
    assert scores(result, "real") == {"modes": 8, "high_quality": pytest.approx(0.989, abs=0.01)}
    angle = 2 * math.pi * torch.arange(1000) / 8
    centres = torch.stack((angle.cos(), angle.sin()), 1) * 2 / 2.5
    np.savez(tmp_path / "points.npz", points=centres.numpy())
    data = ("--dataset", "ring8", "--n", 1000, "--json")
    perfect = ganzoo("evaluate", "--samples", tmp_path / "points.npz", *data)
    assert scores(perfect) == {"modes": 8, "high_quality": 1}


def test_translations_without_labels_are_compared_pixel_by_pixel(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    for split in ("trainA", "trainB", "testA", "testB"):
        (tmp_path / "pair" / split).mkdir(parents=True)
        for number in range(4):
            image = Image.fromarray(noise.integers(256, size=(32, 32, 3), dtype=np.uint8))
            image.save(tmp_path / "pair" / split / f"{number}.png")
    args = ("--width", 4, "--blocks", 1, "--steps", 1, "--out", tmp_path / "run")
    data = ("--dataset", "unpaired", "--data-root", tmp_path / "pair")
    trained = ganzoo("train", "cyclegan", *data, *args)
    assert trained.status == 0, trained.err
    found = scores(ganzoo("evaluate", tmp_path / "run", "--n", 4, "--json"))
    assert {"a2b_cycle_psnr", "b2a_identity_psnr"} <= found.keys()
    assert not any("frechet" in name or "kept" in name for name in found)


def test_of_data_without_labels_it_is_said_what_each_extractor_lacks(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("L", (28, 28), 10 * number).save(tmp_path / f"{number}.png")
    data = ("--dataset", "folder", "--data-root", tmp_path, "--n", 5)
    result = ganzoo("evaluate", "--samples", tmp_path, *data, "--json")
    assert scores(result).keys() == {"memorised", "copied", "sliced_wasserstein", "energy"}
    assert "nothing that looks at features was measured: nothing sees features in" in result.err
    assert LACKING in result.err
    assert "`pip install ganzoo-features` brings a network" in result.err
    refused = ganzoo("evaluate", "--samples", tmp_path, *data, "--metrics", "frechet")
    assert refused.status == 2
    assert LACKING in refused.err


def test_what_is_asked_for_by_name_and_cannot_see_is_refused(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("L", (28, 28), 10 * number).save(tmp_path / f"{number}.png")
    data = ("--dataset", "folder", "--data-root", tmp_path)
    result = ganzoo("evaluate", "--samples", tmp_path, *data, "--n", 5, "--features", "classifier")
    assert (result.status, result.out) == (2, "")
    assert "has no labels to train a classifier on: leave out --features" in result.err
    result = ganzoo("evaluate", "--samples", tmp_path, *data, "--features", "photo")
    assert (result.status, result.out) == (2, "")
    assert "there is no extractor 'photo'" in result.err
    run = tmp_path / "run"
    watched = ("--steps", 2, "--evaluate-every", 1, "--features", "classifier", "--out", run)
    result = ganzoo("train", "dcgan", *data, "--image-size", 32, *watched)
    assert result.status == 2
    assert "--evaluate-every cannot measure images of " in result.err
    assert not run.exists()
    runs = ("--runs", tmp_path / "bench", "--budget", 2)
    result = ganzoo("bench", "--quality", "dcgan", *data, "--image-size", 32, *runs)
    assert (result.status, result.out) == (2, "")
    assert LACKING in result.err
    assert not (tmp_path / "bench").exists()
