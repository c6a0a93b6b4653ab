"""A run goes on on another kind of device, and can be used there."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers.cli import ganzoo
from helpers.games import Toy, ToyConfig, points
from safetensors.torch import load_file
from torch import Tensor

from ganzoo.data.feed import make_feed
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.execution import COLD_BREAK_EVEN
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import STATE, WEIGHTS
from ganzoo.runs.run import Run
from ganzoo.training.manner import choose_manner
from ganzoo.training.settings import Training

CUDA = torch.device("cuda")
RANDOM = torch.arange(16, dtype=torch.uint8)
"""As long as CUDA's random state."""
GPU = "NVIDIA Imaginary"


def change_state(run: Run, more: Mapping[str, Tensor], gone: frozenset[str] = frozenset()) -> None:
    """Write the newest checkpoint anew."""
    newest = run.latest_checkpoint()
    state = load_file(newest / STATE) | more
    checkpoint.save(
        run.checkpoints,
        run.step,
        run.identity,
        weights=load_file(newest / WEIGHTS),
        state={name: tensor for name, tensor in state.items() if name not in gone},
    )


def train(path: Path, *flags: object) -> Run:
    tiny = ("--dataset", "ring8", "--generator-widths", 8, "--batch-size", 8, "--steps", 4)
    result = ganzoo("train", "vanilla", *tiny, *flags, "--out", path)
    assert result.status == 0, result.err
    return Run.open(path)


def on_a_gpu(run: Run, **training: object) -> None:
    """Have the run look as if it had been trained on one."""
    change_state(run, {"rng.cuda": RANDOM})
    file = run.path / "run.json"
    record = json.loads(file.read_text())
    record["device"], record["mode"] = GPU, "graph"
    record["training"] |= training
    file.write_text(json.dumps(record))


def test_what_was_trained_on_a_gpu_goes_on_on_a_cpu_and_is_used_there(tmp_path: Path) -> None:
    run = train(tmp_path / "run")
    on_a_gpu(run)
    for command in (
        ("sample", run.path, "--n", 5, "--out", tmp_path / "samples.npz"),
        ("evaluate", run.path, "--n", 50),
    ):
        result = ganzoo(*command)
        assert result.status == 0, result.err
    resumed = ganzoo("train", "--resume", run.path, "--steps", 6)
    assert resumed.status == 0, resumed.err
    said = " ".join(resumed.out.split())
    assert f"from here on the run is on cpu, and was on {GPU}: it is not the same bit for" in said
    opened = Run.open(run.path)
    assert (opened.step, opened.settings["device"]) == (6, "cpu")
    assert "rng.cuda" not in load_file(opened.latest_checkpoint() / STATE)
    again = ganzoo("train", "--resume", run.path, "--steps", 8)
    assert "bit for" not in again.out


def test_a_run_in_tf32_goes_on_on_a_cpu_in_what_that_has(tmp_path: Path) -> None:
    run = train(tmp_path / "run")
    on_a_gpu(run, precision="tf32")
    refused = ganzoo("train", "--resume", run.path, "--steps", 6)
    assert refused.status == 2
    assert "tf32 is arithmetic of CUDA devices: use fp32 or bf16" in refused.err
    resumed = ganzoo("train", "--resume", run.path, "--steps", 6, "--precision", "fp32")
    assert resumed.status == 0, resumed.err
    assert Run.open(run.path).settings["training"]["precision"] == "fp32"


class Generator:
    """Of a CUDA device, as `torch.cuda` offers it."""

    def __init__(self) -> None:
        self.states: list[Tensor] = []
        self.seeds: list[int] = []

    def as_module(self) -> SimpleNamespace:
        return SimpleNamespace(
            get_rng_state=lambda: RANDOM,
            set_rng_state=self.states.append,
            manual_seed=self.seeds.append,
        )


def on_cuda(monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, Generator]:
    """An engine that takes its variant to be on a CUDA device, and the device's generator."""
    data = points()
    variant = Toy(ToyConfig(), data.spec)
    engine = Engine(variant, make_feed(data, 4, device=torch.device("cpu"), seed=0), 100)
    generator = Generator()
    monkeypatch.setattr(Toy, "device", CUDA)
    monkeypatch.setattr(torch, "get_device_module", lambda device: generator.as_module())
    return engine, generator


def test_random_numbers_on_a_gpu_go_on_or_begin_with_those_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, generator = on_cuda(monkeypatch)
    state = {name: tensor.clone() for name, tensor in engine.state().items()}
    engine.load_state(state)
    assert ([*map(torch.Tensor.tolist, generator.states)], generator.seeds) == (
        [RANDOM.tolist()],
        [],
    )
    del state["rng.cuda"]
    for seed in (1, 1, 2):  # as that of each of several processes is another
        state["rng.cpu"] = torch.Generator().manual_seed(seed).get_state()
        engine.load_state(state)
    one, again, other = generator.seeds
    assert one == again != other
    assert len(generator.states) == 1


def test_only_random_states_of_a_device_may_be_missing_or_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(tmp_path / "run")
    plain = load_file(run.latest_checkpoint() / STATE)
    several = {f"rank1.{name}": plain[name] for name in ("rng.cpu",)}
    change_state(run, {"rng.cuda": RANDOM, "rank1.rng.cuda": RANDOM.clone(), **several})
    newest = run.latest_checkpoint()
    found = checkpoint.load_state(newest, run.identity, plain | several)
    assert found.keys() == (plain | several).keys()
    with pytest.raises(checkpoint.GanzooError, match=r"'rank1\.rng\.cpu' is"):
        checkpoint.load_state(newest, run.identity, plain)
    change_state(run, {}, gone=frozenset({"rng.cuda", "rank1.rng.cuda"}))
    wanted = plain | several | {"rng.cuda": RANDOM, "rank1.rng.cuda": RANDOM.clone()}
    assert checkpoint.load_state(newest, run.identity, wanted).keys() == (plain | several).keys()
    with pytest.raises(checkpoint.GanzooError, match=r"'rng\.own\.cuda' is no such tensor"):
        checkpoint.load_state(newest, run.identity, plain | several | {"rng.own.cuda": RANDOM})


@pytest.mark.parametrize("compiled", [False, True])
def test_graphs_are_of_compiled_phases_if_they_were_before(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many steps are asked for now: compiled code rounds differently."""
    variant = Toy(ToyConfig(), points().spec)
    monkeypatch.setattr(Toy, "device", CUDA)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: GPU)
    record: Any = {"variant": {}, "config": {}, "device": GPU}
    few, many = (Training(batch_size=4, steps=n) for n in (10, COLD_BREAK_EVEN))
    begun = choose_manner(many if compiled else few, record, variant)
    assert begun.execution.compiled_graph == compiled
    going_on = choose_manner(few if compiled else many, record | begun.record, variant)
    assert (going_on.execution.mode, going_on.execution.compiled_graph) == ("graph", compiled)
    elsewhere = choose_manner(many, record | begun.record | {"device": "another"}, variant)
    assert elsewhere.execution.compiled_graph
    twice = Training(batch_size=4, steps=COLD_BREAK_EVEN, recompute=True)
    assert not choose_manner(twice, record, variant).execution.compiled_graph


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_run_goes_on_on_a_gpu_bit_for_bit(mode: str, tmp_path: Path) -> None:
    flags = ("--device", "cuda", "--mode", mode)
    whole, torn = (train(tmp_path / name, *flags, "--log-every", 2) for name in ("a", "b"))
    for run, stops in ((whole, [24]), (torn, [13, 24])):
        for steps in stops:
            assert ganzoo("train", "--resume", run.path, "--steps", steps).status == 0
    one, other = (
        load_file(Run.open(run.path).latest_checkpoint() / STATE) for run in (whole, torn)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.gpu
def test_a_run_goes_on_on_a_gpu_and_back(tmp_path: Path) -> None:
    run = train(tmp_path / "run", "--device", "cpu")
    for device, steps in (("cuda", 12), ("cpu", 14), ("cuda", 16)):
        flags = ("--device", device, "--steps", steps)
        resumed = ganzoo("train", "--resume", run.path, *flags)
        assert resumed.status == 0, resumed.err
        assert "it is not the same bit for" in " ".join(resumed.out.split())
        state = load_file(Run.open(run.path).latest_checkpoint() / STATE)
        assert ("rng.cuda" in state) == (device == "cuda")
