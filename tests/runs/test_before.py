"""Runs that ganzoo 0.1 made, before data were groups of fields, are used as if they were new.

`before` holds one of each variant, as it was after two of its four steps, and what the weights
were in the end.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo
from safetensors.torch import load_file
from torch import Tensor

from ganzoo.data.made import glyphs
from ganzoo.runs.run import Run

BEFORE = Path(__file__).with_name("before")
NAMES = sorted(path.name for path in BEFORE.iterdir())


@pytest.fixture(scope="module", autouse=True)
def glyphs_drawn_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glyphs, "draw", cache_of_draws(glyphs.draw))
        yield


def cache_of_draws(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
    drawn: dict[int, Tensor] = {}

    def draw_once(labels: Tensor, *args: object) -> Tensor:
        if len(labels) not in drawn:
            drawn[len(labels)] = draw(labels, *args)
        return drawn[len(labels)]

    return draw_once


@pytest.fixture
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    copy = Path(shutil.copytree(BEFORE / request.param, tmp_path / request.param))
    (copy / "samples").mkdir()  # whose pictures are not kept here
    return copy


STEP = 2e-4
"""The learning rates of these runs, which is how far Adam moves a weight at first."""


def normalised(name: str, weights: dict[str, Tensor]) -> bool:
    """Whether it is a bias that BatchNorm takes away, or the running mean, which follows it.

    Adam follows the rounding of such a bias's gradient.
    """
    *net, number, kind = name.split(".")
    if not number.isdigit() or kind not in ("bias", "running_mean"):
        return False
    beside = {"bias": (1, "running_mean"), "running_mean": (-1, "bias")}
    step, other = beside[kind]
    return ".".join((*net, str(int(number) + step), other)) in weights


every_run = pytest.mark.parametrize("run", NAMES, indirect=True)


def test_there_is_one_of_each_of_the_first_seven() -> None:
    assert NAMES == ["cgan", "cyclegan", "dcgan", "sgan", "vanilla", "wgan", "wgan-gp"]


@every_run
def test_it_goes_on_as_it_would_have(run: Path) -> None:
    assert ganzoo("train", "--resume", run).status == 0
    found = load_file(Run.open(run).latest_checkpoint() / "weights.safetensors")
    expected = load_file(run / "after.safetensors")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name.endswith("num_batches_tracked"):  # which 0.1 left at the average's first value
            continue
        # on another processor not to the last bit
        tolerance = 4 * STEP if normalised(name, expected) else 1e-5
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=tolerance)
    assert json.loads((run / "run.json").read_text())["outcome"] == "finished"
    (sample, *_), *_ = Run.open(run).settings["data"]["groups"]
    assert sample["name"] == ("a" if run.name == "cyclegan" else "image")


@every_run
def test_it_is_sampled_or_translates(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "drawn.npz"
    if run.name == "cyclegan":
        images = tmp_path / "images"
        source = Path(shutil.copytree(BEFORE / "dcgan", tmp_path / "dcgan"))
        assert ganzoo("sample", source, "--n", 3, "--out", images).status == 0
        done = ganzoo(
            "translate", run, "--direction", "a2b", "--input", images, "--out", tmp_path / "b"
        )
        assert len([*(tmp_path / "b").glob("*.png")]) == 3, done.err
    else:
        done = ganzoo("sample", run, "--n", 3, "--out", out)
        assert out.exists(), done.err
    assert done.status == 0


@pytest.mark.parametrize("run", ["vanilla"], indirect=True)
def test_it_is_evaluated(run: Path) -> None:
    done = ganzoo("evaluate", run, "--n", 200, "--json")
    assert done.status == 0, done.err
    names = {score["name"] for score in json.loads(done.out)["scores"]}
    assert {"modes", "high_quality"} <= names
