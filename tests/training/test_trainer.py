"""What the host loop asks of a variant besides its game: a gallery, measures, its own streams."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.cli import TINY, ganzoo
from helpers.zoo import NAMES, make_small
from PIL import Image
from torch import Tensor

from ganzoo.engine.engine import Engine
from ganzoo.plugins.registry import registry
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.training.observer import Observer
from ganzoo.training.start import prepare, start, warn_of_slopes

INIT = """
from ganzoo import Need, VariantSpec, hookimpl

POINTS = ((Need(("point",)),),)

@hookimpl
def ganzoo_register_variants():
    return [VariantSpec("toy", "ganzoo_toy.variant:Toy", "Toy", 2026, needs=POINTS)]
"""
VARIANT = """
from dataclasses import dataclass

import torch

from ganzoo import SGD, Phase, Player, Variant, option


@dataclass(frozen=True)
class Config:
    lr: float = option(0.5, "learning rate", above=0)
    restless: bool = option(False, "draw random numbers in what must not change the training")


class Toy(Variant):
    Config = Config
    held_out = True

    @classmethod
    def recipe(cls, data):
        return {"steps": 6, "batch_size": 4}

    def __init__(self, config, data):
        super().__init__(config, data)
        self.generator = torch.nn.Linear(1, 1)

    def streams(self, dataset):
        points = dataset.fields["image"]
        return [{"few": points[:3]}, {"many": points}, {"more": points}]

    def players(self):
        return {"painter": Player(("generator",), SGD(self.config.lr), ema=0.9)}

    def phases(self):
        return [Phase("paint", "painter", self.loss)]

    def loss(self, batch):
        assert self.training
        noise = torch.rand(()) * 1e-3
        batch.metrics["apart"] = (batch.data["many"] - batch.data["more"]).abs().mean()
        return (self.generator.weight * batch.data["few"].mean() + noise - 1).square().sum()

    def gallery(self, examples):
        assert not (self.training or torch.is_grad_enabled())
        assert {name: len(tensor) for name, tensor in examples.items()} == {
            "few": 3, "many": 2000, "more": 2000,
        }
        if self.config.restless:
            return torch.rand(50, 1, 8, 8) * 2 - 1
        return examples["many"]

    def measure(self, test):
        assert not (self.training or torch.is_grad_enabled())
        if self.config.restless:
            torch.rand(100)
        return {"test_samples": float(len(test)), "weight": self.generator.weight.item()}
"""


@pytest.fixture
def toy(install: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("toy", INIT, VARIANT)
    monkeypatch.chdir(tmp_path)


def train(out: str, *args: object) -> Run:
    result = ganzoo("train", "toy", "--sample-every", 2, "--out", out, *args)
    assert result.status == 0, result.err
    return Run.open(Path(out))


def final_state(run: Run) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(run.latest_checkpoint() / checkpoint.STATE)


@pytest.mark.usefixtures("toy")
def test_measures_are_logged_at_each_grid_and_printed_at_the_end() -> None:
    result = ganzoo("train", "toy", "--steps", 5, "--sample-every", 2, "--out", "run")
    assert result.status == 0, result.err
    records = [r for r in Run.open(Path("run")).metrics() if "test_samples" in r]
    assert [record["step"] for record in records] == [2, 4, 5]
    assert {record["test_samples"] for record in records} == {10_000.0}
    from safetensors.torch import load_file

    average = load_file(Run.open(Path("run")).latest_checkpoint() / checkpoint.WEIGHTS)
    assert records[-1]["weight"] == average["generator.weight"].item()
    lines = [line.split() for line in result.out.splitlines()]
    assert ["test", "samples", "10000.0000"] in lines
    assert ["weight", f"{records[-1]['weight']:.4f}"] in lines


@pytest.mark.usefixtures("toy")
def test_a_variant_names_the_data_set_for_who_names_none() -> None:
    assert train("run").settings["training"]["dataset"] == "ring8"


@pytest.mark.usefixtures("toy")
def test_what_is_shown_and_measured_leaves_the_training_alone() -> None:
    quiet, restless = (
        train(out, flag) for out, flag in (("a", "--no-restless"), ("b", "--restless"))
    )
    one, other = final_state(quiet), final_state(restless)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.usefixtures("toy")
def test_the_gallery_is_drawn_from_the_same_random_state_each_time() -> None:
    grids = [
        np.asarray(Image.open(path))
        for path in sorted(train("run", "--restless").samples.glob("0*"))
    ]
    assert len(grids) == 4
    assert grids[0].shape == (5 * 10 - 2, 10 * 10 - 2)
    assert all(np.array_equal(grids[0], grid) for grid in grids)


@pytest.mark.usefixtures("toy")
def test_streams_resume_where_they_were() -> None:
    whole = train("whole", "--steps", 9, "--log-every", 1)
    train("torn", "--steps", 4, "--log-every", 1)
    assert ganzoo("train", "--resume", "torn", "--steps", 9).status == 0
    torn = Run.open(Path("torn"))
    one, other = final_state(whole), final_state(torn)
    assert all(torch.equal(one[name], other[name]) for name in one)
    logged = [[r for r in run.metrics() if "apart" in r] for run in (whole, torn)]
    assert logged[0] == logged[1]
    assert all(record["apart"] > 0 for record in logged[0])


@pytest.mark.usefixtures("toy")
def test_a_variant_that_draws_nothing_from_noise_says_so() -> None:
    result = ganzoo("sample", train("run").path, "--out", "x.npz")
    assert (result.status, result.err.count("\n")) == (2, 1)
    assert "Toy draws no samples from noise" in result.err


@pytest.mark.usefixtures("few_drawn")
def test_real_data_are_drawn_beside_the_samples(tmp_path: Path) -> None:
    from ganzoo.data.dataset import DataRequest
    from ganzoo.data.made.glyphs import load

    out = tmp_path / "run"
    result = ganzoo("train", "vanilla", "--generator-widths", 8, "--steps", 1, "--out", out)
    assert result.status == 0, result.err
    picture = np.asarray(Image.open(out / "samples" / "real.png"))
    glyphs = load(DataRequest()).fields["image"]
    assert np.array_equal(picture[:28, 30:58], glyphs[1, 0])
    assert np.array_equal(picture[30:58, :28], glyphs[10, 0])
    image, label = json.loads((out / "run.json").read_text())["data"]["groups"][0]
    assert (image["kind"], label["names"]) == ("image", [*"0123456789"])


def test_ctrl_c_is_answered_within_the_iteration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one may be compiled for a minute."""
    said: list[str] = []

    class Listener(Observer):
        def report(self, message: str) -> None:
            said.append(message)

    step = Engine.step

    def interrupted(engine: Engine) -> dict[str, Tensor]:
        os.kill(os.getpid(), signal.SIGINT)
        deadline = time.monotonic() + 300
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
        assert said == ["stopping: a checkpoint is saved first (again: stop at once)"]
        return step(engine)

    monkeypatch.setattr(Engine, "step", interrupted)
    given = {"dataset": "ring8", "mode": "eager", "steps": 5}
    outcome = start("vanilla", given, tmp_path / "run", Listener()).fit()
    assert (outcome.finished, outcome.checkpoint.name) == (False, "00000001")
    assert len(said) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_a_training_leaves_nothing_open_however_it_ends(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CUDA graph that is left would have the end of its processes wait for good."""
    closed: list[Engine] = []
    close = Engine.close
    monkeypatch.setattr(Engine, "close", lambda engine: (closed.append(engine), close(engine)))
    trainer = start("vanilla", {"dataset": "ring8", "steps": 1}, tmp_path / "run")
    if fails:
        monkeypatch.setattr(Engine, "step", lambda engine: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            trainer.fit()
    else:
        trainer.fit()
    assert closed == [trainer.engine]


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (
            ("--threads", 1, "--accumulate", 2, "--recompute"),
            "--threads 1 --accumulate 2 --recompute",
        ),
        (("--precision", "bf16"), "--precision bf16"),
        ((), None),
    ],
)
def test_the_header_says_how_a_game_is_computed_where_that_is_not_as_usual(
    flags: tuple[object, ...], shown: str | None, tmp_path: Path
) -> None:
    small = ("--dataset", "ring8", "--steps", 1, "--out", tmp_path / "run")
    result = ganzoo("train", "vanilla", *small, *flags)
    assert result.status == 0, result.err
    found = [line.split(maxsplit=1)[1] for line in result.out.splitlines() if "  with  " in line]
    assert found == ([] if shown is None else [shown])


def test_data_that_do_not_suit_are_refused_before_a_recipe_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganzoo_dcgan.variant import DCGAN

    monkeypatch.setattr(DCGAN, "recipe", lambda data: {"steps": min(data.shape[1:])})
    result = ganzoo("train", "dcgan", "--dataset", "ring8", "--out", tmp_path / "run")
    assert result.status == 2
    assert "dcgan needs images of 28 to 128 pixels, and 'ring8' has points" in result.err


def test_accumulate_is_warned_of_where_samples_of_a_batch_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ("train", "vanilla", *TINY, "--steps", 1, "--accumulate", 2)
    assert "differently" not in ganzoo(*flags, "--out", tmp_path / "one").out
    monkeypatch.setattr(registry().variant("vanilla").load(), "batchwise", True)
    said = ganzoo(*flags, "--out", tmp_path / "two").out
    assert "--accumulate 2 trains this variant differently" in " ".join(said.split())


@pytest.mark.parametrize(
    ("name", "regulariser", "said"),
    [
        ("dcgan", "r1", "discriminator"),
        ("dcgan", "lecam,dragan:every=4", "discriminator"),
        ("dcgan", "lecam", ""),  # which differentiates no gradient
        ("fastgan", "r2", "discriminator"),
        ("infogan", "r1", "trunk"),
        ("vanilla", "r1", ""),
        ("sngan", "r1", ""),  # whose G alone has BatchNorm
    ],
)
def test_a_penalty_on_slopes_where_no_sample_is_judged_by_itself_is_warned_of(
    name: str, regulariser: str, said: str
) -> None:
    words = warn_of_slopes(make_small(name, regulariser=regulariser).variant)
    assert words.startswith(f"BatchNorm in the {said} has") if said else not words


@pytest.mark.parametrize("name", NAMES)
def test_no_variant_is_warned_of_as_it_is(name: str) -> None:
    assert not warn_of_slopes(make_small(name).variant)


def test_a_training_says_so_once() -> None:
    class Listener(Observer):
        def report(self, message: str) -> None:
            heard.append(message)

    heard: list[str] = []
    given = {"dataset": "few-glyphs", "batch_size": 2, "width": 1, "regulariser": "r1,r2"}
    prepare("dcgan", given, Listener(), {})
    assert len([message for message in heard if "no sample's own slope" in message]) == 1
