"""Trainings that start from the networks of another run."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.cli import ganzoo
from safetensors import safe_open
from safetensors.torch import save_file

from ganzoo import GanzooError
from ganzoo.runs.checkpoint import MANIFEST, STATE, WEIGHTS, read
from ganzoo.runs.initial import initialise
from ganzoo.runs.load import build_variant
from ganzoo.runs.run import Run

CPU = torch.device("cpu")
VANILLA = ("train", "vanilla", "--dataset", "ring8", "--steps", 3, "--latent-dim", 2)
SMALL = ("--generator-widths", 8, "--discriminator-widths", 8)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("initial") / "first"
    result = ganzoo(*VANILLA, *SMALL, "--ema", 0.5, "--out", path)
    assert result.status == 0, result.err
    return path


def fresh(first: Path, **config: Any) -> Any:
    """A variant as that of the run, with other weights."""
    settings = Run.open(first).settings
    torch.manual_seed(99)
    return build_variant(settings | {"config": settings["config"] | config}, CPU)


def said(first: Path, variant: Any, suffix: str = "") -> list[str]:
    messages: list[str] = []
    initialise(variant, f"{first}{suffix}", messages.append)
    return messages


def test_networks_have_the_weights_that_samples_come_from(first: Path) -> None:
    variant = fresh(first)
    newest = Run.open(first).latest_checkpoint()
    assert said(first, variant) == [
        f"it starts from generator and discriminator of {first} at step 3"
    ]
    weights, state = read(newest, WEIGHTS), read(newest, STATE)
    for name, value in variant.generator.state_dict().items():
        assert torch.equal(value, weights[f"generator.{name}"]), name
    for name, value in variant.discriminator.state_dict().items():
        assert torch.equal(value, state[f"variant.discriminator.{name}"]), name
    averaged = weights["generator.net.0.weight"]
    assert not torch.equal(averaged, state["variant.generator.net.0.weight"])


def test_only_the_network_that_is_named(first: Path) -> None:
    variant, other = fresh(first), fresh(first)
    assert said(first, variant, ":discriminator") == [
        f"it starts from discriminator of {first} at step 3"
    ]
    for name, value in variant.named_parameters():
        same = torch.equal(value, other.get_parameter(name))
        assert same == name.startswith("generator") or "bias" in name, name


def test_what_has_another_shape_is_new_and_said_to_be(first: Path) -> None:
    variant, other = fresh(first, latent_dim=3), fresh(first, latent_dim=3)
    (words,) = said(first, variant)
    assert words == (
        f"it starts from generator and discriminator of {first} at step 3, of which all is kept "
        "that has its shape; new is generator.net.0.weight ((8, 3) here, (8, 2) there)"
    )
    weights = read(Run.open(first).latest_checkpoint(), WEIGHTS)
    ours, theirs = variant.generator.state_dict(), other.generator.state_dict()
    assert torch.equal(ours["net.0.weight"], theirs["net.0.weight"])
    for name in ours.keys() - {"net.0.weight"}:
        assert torch.equal(ours[name], weights[f"generator.{name}"]), name


def test_what_has_another_type_is_new_and_said_to_be(first: Path, tmp_path: Path) -> None:
    """It would be rounded, without a word."""
    copy = shutil.copytree(first, tmp_path / "copy")
    newest = Run.open(copy).latest_checkpoint()
    names = WEIGHTS, STATE
    for name in names:
        with safe_open(newest / name, framework="pt") as opened:
            header = opened.metadata()
        rounded = {
            key: value.int() if value.dim() > 1 and "generator" in key else value
            for key, value in read(newest, name).items()
        }
        save_file(rounded, newest / name, metadata=header)
    manifest = json.loads((newest / MANIFEST).read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((newest / name).read_bytes()).hexdigest() for name in names
    }
    (newest / MANIFEST).write_text(json.dumps(manifest))
    variant = fresh(first)
    before = {key: value.clone() for key, value in variant.generator.state_dict().items()}
    (words,) = said(copy, variant)
    assert "of int32 there" in words
    after = variant.generator.state_dict()
    assert all(torch.equal(after[key], before[key]) for key in after if after[key].dim() > 1)


def test_networks_in_which_nothing_fits_are_refused(first: Path) -> None:
    variant = fresh(first, generator_widths=[9], discriminator_widths=[9])
    before = [param.clone() for param in variant.parameters()]
    with pytest.raises(
        GanzooError, match=r"no weights in generator .* such as .*\(9, 2\) here, \(8, 2"
    ):
        said(first, variant, ":generator")
    assert all(map(torch.equal, before, variant.parameters()))


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (":critic", "the network 'critic' must be in both, and "),
        ("x", "does not exist: `ganzoo runs`"),
    ],
)
def test_mistakes_are_named(first: Path, suffix: str, message: str) -> None:
    with pytest.raises(GanzooError, match=message):
        said(first, fresh(first), suffix)


def test_a_training_starts_there_and_says_so_once(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "second"
    args = ("--init", first, "--lr", 1e-9, "--out", out)
    result = ganzoo(*VANILLA, *SMALL, *args)
    assert result.status == 0, result.err
    whole = " ".join((result.out + result.err).split())
    assert whole.count("it starts from generator and discriminator") == 1
    before = read(Run.open(first).latest_checkpoint(), STATE)
    after = read(Run.open(out).latest_checkpoint(), STATE)
    name = "variant.discriminator.net.1.weight"
    torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-6)
    resumed = ganzoo("train", "--resume", out, "--steps", 4)
    assert resumed.status == 0, resumed.err
    assert "it starts from" not in resumed.out + resumed.err


def test_a_run_from_before_there_was_a_setting_goes_on(first: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(first, old)
    settings = json.loads((old / "run.json").read_text())
    del settings["training"]["init"], settings["config"]["regulariser"]
    (old / "run.json").write_text(json.dumps(settings))
    refused = ganzoo("train", "--resume", old, "--steps", 4, "--regulariser", "r1")
    assert refused.status == 2
    assert "--regulariser r1 differs from the run's None" in refused.err
    assert ganzoo("train", "--resume", old, "--steps", 4).status == 0
