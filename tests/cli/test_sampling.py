"""Settings that belong to sampling: flags of ``ganzoo sample`` that a variant has of its own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.cli import Result, ganzoo

INIT = """
from ganzoo import Need, VariantSpec, hookimpl

@hookimpl
def ganzoo_register_variants():
    needs = ((Need(("point",)),),)
    return [VariantSpec("toy", "ganzoo_toy.variant:Toy", "Toy", 2026, needs=needs)]
"""
VARIANT = """
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo import SGD, Phase, Player, Variant, option


@dataclass(frozen=True)
class Config:
    lr: float = option(0.0, "learning rate", minimum=0)


@dataclass(frozen=True)
class Truncation:
    psi: float = option(1.0, "how far from the mean latents may be", minimum=0, maximum=2)
    {extra}


class Toy(Variant):
    Config = Config
    Sampling = Truncation

    @classmethod
    def recipe(cls, data):
        return {{"steps": 1, "batch_size": 1}}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.generator = nn.Linear(2, 2)
        nn.init.eye_(self.generator.weight)
        nn.init.zeros_(self.generator.bias)

    def players(self):
        return {{"generator": Player(optim=SGD(self.config.lr))}}

    def phases(self):
        return [Phase("generator", loss=lambda batch: self(self.sample_latent(2)).mean())]

    def sample_latent(self, n):
        return torch.randn(n, 2, device=self.device)

    def forward(self, latent, label=None):
        return self.generator(self.sampling.psi * latent)
"""


@pytest.fixture
def run(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a variant whose samples are its latents times a setting."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, VARIANT.format(extra=""))
    monkeypatch.chdir(tmp_path)
    result = ganzoo("train", "toy", "--dataset", "ring8", "--out", "run")
    assert result.status == 0, result.err
    return tmp_path / "run"


def sample(out: str, *args: object) -> Result:
    return ganzoo("sample", "run", "--n", "20", "--out", out, *args)


def points(name: str) -> np.ndarray:
    with np.load(name) as file:
        (key,) = file.files
        return np.asarray(file[key])


@pytest.mark.usefixtures("run")
def test_a_setting_of_sampling_is_a_flag() -> None:
    for name, args in (("plain", ()), ("half", ("--psi", "0.5")), ("one", ("--psi", "1"))):
        result = sample(f"{name}.npz", *args)
        assert (result.status, result.err) == (0, "")
    np.testing.assert_array_equal(points("one.npz"), points("plain.npz"))
    np.testing.assert_allclose(points("half.npz"), 0.5 * points("plain.npz"), rtol=1e-6)


@pytest.mark.usefixtures("run")
def test_it_is_in_the_help_and_its_range_is_kept() -> None:
    shown = ganzoo("sample", "run", "--help")
    assert "--psi" in shown.out
    assert "how far from the mean latents may be" in " ".join(shown.out.split())
    assert "--psi" not in ganzoo("sample", "--help").out
    result = sample("far.npz", "--psi", "3")
    assert result.status == 2
    assert "--psi must be at least 0 and at most 2, not 3" in result.err
    assert not Path("far.npz").exists()


@pytest.mark.usefixtures("run")
def test_a_flag_that_nobody_has_is_refused() -> None:
    result = sample("x.npz", "--phi", "3")
    assert result.status == 2
    assert "--phi" in result.err


def test_a_setting_must_not_be_called_as_a_flag_of_the_command(
    install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    install("toy", INIT, VARIANT.format(extra='seed: int = option(0, "of the latents")'))
    result = ganzoo("train", "toy", "--dataset", "ring8", "--out", tmp_path / "run")
    assert result.status == 2
    assert "Toy.Sampling.seed would be a second flag --seed of `ganzoo sample`" in result.err


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("n", "said"), [(1, "1 sample: "), (2, "2 samples: ")])
def test_one_sample_is_not_called_samples(n: int, said: str) -> None:
    assert ganzoo("sample", "run", "--n", str(n), "--out", "drawn.npz").out.startswith(said)
