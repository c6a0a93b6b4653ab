"""Layers that stay as another run has them."""

from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo, tree

from ganzoo.runs.checkpoint import STATE, WEIGHTS, read
from ganzoo.runs.run import Run

VANILLA = ("train", "vanilla", "--dataset", "ring8", "--latent-dim", 2, "--threads", 1)
SMALL = ("--generator-widths", "8,8", "--discriminator-widths", "8,8", "--mode", "eager")
LOW = "discriminator.net.1.*, generator.net.0"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("freezing") / "first"
    assert ganzoo(*VANILLA, *SMALL, "--steps", 2, "--out", path).status == 0
    return path


def taken(run: Path) -> dict[str, torch.Tensor]:
    """What another run starts from: averaged weights, where there are some."""
    weights = read(Run.open(run).latest_checkpoint(), WEIGHTS)
    return state(run) | {f"variant.{name}": value for name, value in weights.items()}


def state(run: Path) -> dict[str, torch.Tensor]:
    return read(Run.open(run).latest_checkpoint(), STATE)


def tuned(first: Path, out: Path, *args: object) -> Path:
    result = ganzoo(*VANILLA, *SMALL, "--init", first, "--freeze", LOW, "--out", out, *args)
    assert result.status == 0, result.err
    said = " ".join((result.out + result.err).split())
    assert said.count("4 of 16 parameters, 48 numbers, are frozen") == 1, said
    return out


def test_what_is_frozen_stays_is_saved_and_has_no_optimizer(first: Path, tmp_path: Path) -> None:
    before, after = taken(first), state(tuned(first, tmp_path / "run", "--steps", 3))
    frozen = {
        f"{layer}.{what}"
        for layer in ("discriminator.net.1", "generator.net.0")
        for what in ("weight", "bias")
    }
    for name in (name for name in before if name.startswith("variant.")):
        same = torch.equal(before[name], after[name])
        assert same == (name.removeprefix("variant.") in frozen), name
    optimized = {name.split("optimizer.")[1] for name in after if ".optimizer." in name}
    assert not [name for name in optimized if name.rpartition(".")[0] in frozen]


def test_it_goes_on_bit_for_bit(first: Path, tmp_path: Path) -> None:
    whole = tuned(first, tmp_path / "whole", "--steps", 4)
    parts = tuned(first, tmp_path / "parts", "--steps", 2)
    resumed = ganzoo("train", "--resume", parts, "--steps", 4)
    assert resumed.status == 0, resumed.err
    assert "are frozen" not in resumed.out
    name = "checkpoints/00000004/state.safetensors"
    assert tree(whole)[name] == tree(parts)[name]
    other = ganzoo("train", "--resume", parts, "--steps", 5, "--freeze", "generator.net.0")
    assert "--freeze generator.net.0 differs from the run's" in other.err


@pytest.mark.parametrize(
    ("freeze", "saying"),
    [
        ("discriminator.blocks.0*", "names no parameter or module that learns: there are discrim"),
        ("generator.net.0,x", "--freeze x names no parameter"),
        ("discriminator", "leaves the discriminator nothing to learn"),
        ("*", "nothing to learn"),
    ],
)
def test_mistakes_are_named_before_anything_is_written(
    first: Path, tmp_path: Path, freeze: str, saying: str
) -> None:
    out = tmp_path / "run"
    args = (*VANILLA, *SMALL, "--freeze", freeze, "--out", out)
    result = ganzoo(*args, "--init", first)
    assert (result.status, out.exists()) == (2, False)
    assert saying in result.err
    assert "give both" in ganzoo(*args).err
