"""``ganzoo evaluate --samples`` of kinds other than images and points, as they are written."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import ganzoo

INIT = """
from ganzoo import DatasetSpec, Field, hookimpl

TEXTS = (Field("tokens", "tokens", (6,), ("", "a", "b", "c")),)
BLOBS = (Field("volume", "volume", (1, 4, 4, 4)),)

@hookimpl
def ganzoo_register_datasets():
    at = "ganzoo_toy.variant"
    return [
        DatasetSpec("toy-texts", f"{at}:texts", "letters", "6", groups=(TEXTS,)),
        DatasetSpec("toy-blobs", f"{at}:blobs", "blobs", "1x4x4x4", groups=(BLOBS,)),
    ]
"""
LOADERS = """
import torch

from ganzoo import Dataset, DataSpec, Truth
from ganzoo_toy import BLOBS, TEXTS


def generator(request):
    return torch.Generator().manual_seed(len(request.split))


def starts_with_a(samples):
    return samples[:, 0] == 1


def texts(request):
    tokens = torch.randint(1, 4, (200, 6), generator=generator(request))
    tokens[:, 0] = 1
    spec = DataSpec((TEXTS,), "toy-texts")
    return Dataset(spec, {"tokens": tokens}, (Truth(valid=starts_with_a),))


def blobs(request):
    voxels = torch.randint(200, (200, 1, 4, 4, 4), generator=generator(request))
    return Dataset(DataSpec((BLOBS,), "toy-blobs"), {"volume": voxels.to(torch.uint8)})
"""


@pytest.fixture
def toys(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, LOADERS)
    monkeypatch.chdir(tmp_path)


def scores(samples: object, dataset: str) -> dict[str, tuple[float, float]]:
    args = ("--samples", samples, "--dataset", dataset, "--n", 100, "--json")
    result = ganzoo("evaluate", *args)
    assert result.status == 0, result.err
    return {s["name"]: (s["value"], s["real"]) for s in json.loads(result.out)["scores"]}


@pytest.mark.usefixtures("toys")
def test_texts_of_a_file_are_judged_by_their_tokens() -> None:
    Path("texts").mkdir()
    Path("texts/samples.txt").write_text("abcabc\n" * 75 + "bca\n" * 25)
    found = scores("texts", "toy-texts")
    assert found["valid"] == (0.75, 1)
    assert found["distinct"][0] == 0.02
    assert found["bigram_js"][0] > 5 * found["bigram_js"][1]


@pytest.mark.usefixtures("toys")
def test_volumes_are_judged_by_distances() -> None:
    noise = np.random.default_rng(0).integers(200, size=(100, 1, 4, 4, 4), dtype=np.uint8)
    np.savez("near.npz", volumes=noise)
    np.savez("far.npz", volumes=noise + 50)
    near, far = (scores(file, "toy-blobs") for file in ("near.npz", "far.npz"))
    assert near.keys() == {"sliced_wasserstein", "energy"}
    for name, (value, real) in near.items():
        assert value < 2 * real
        assert far[name][0] > 2 * value


@pytest.mark.usefixtures("toys")
def test_samples_of_another_kind_are_refused_in_a_sentence() -> None:
    np.savez("tokens.npz", tokens=np.ones((100, 6), np.int64))
    args = ("--samples", "tokens.npz", "--dataset", "toy-blobs", "--n", 100)
    result = ganzoo("evaluate", *args)
    assert result.status == 2
    assert "'tokens.npz' must hold `volumes`, and holds tokens" in result.err
