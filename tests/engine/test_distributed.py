"""Two processes train one model: with gloo on the CPU, as torchrun starts them."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from helpers.cli import ganzoo as alone
from helpers.cli import train_tiny, tree
from helpers.engine import ranks
from helpers.engine.ranks import Ranks
from safetensors.torch import load_file
from torch import Tensor, distributed

from ganzoo.artifacts import pictures
from ganzoo.engine import distributed as engine_distributed
from ganzoo.engine.distributed import Vote, own_device, processes
from ganzoo.errors import GanzooError
from ganzoo.runs.run import Run

STEPS = 60
VANILLA = ("vanilla", "--dataset", "ring8", "--generator-widths", "8", "--batch-size", 8)
INTERVALS = ("--log-every", 2, "--sample-every", 30, "--checkpoint-every", 10)
FOREVER = ("--log-every", 2, "--steps", 10**6, "--mode", "eager")  # which would be compiled first


def succeed(running: Ranks) -> None:
    assert running.wait() == [0, 0], running.complaints(0) + running.complaints(1)


def states(run: Path, step: int) -> dict[str, Tensor]:
    return load_file(run / "checkpoints" / f"{step:08d}" / "state.safetensors")


def assert_equal_runs(one: Path, other: Path, step: int) -> None:
    before, after = states(one, step), states(other, step)
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]), name
    for file in ("metrics.jsonl", f"samples/{step:08d}.png", "samples.gif"):
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Tensor]]:
    """What `ranks.play_plain` leaves, by the number of processes and the rank: ``"2-1"``."""
    folder = tmp_path_factory.mktemp("plain")
    ranks.play_plain(folder, 5)
    succeed(ranks.launch(folder, ranks.play_plain, folder, 5))
    return {path.stem: load_file(path) for path in folder.glob("*.safetensors")}


def test_two_processes_compute_what_one_does_with_the_whole_batch(
    plain: dict[str, dict[str, Tensor]],
) -> None:
    learned = [n for n in plain["1-0"] if n.startswith(("variant.", "g.", "d."))]
    assert {"d.optimizer.discriminator.0.weight.momentum_buffer"} < {*learned}
    assert {"g.average.generator.0.weight", "variant.generator.0.weight"} < {*learned}
    for name in learned:
        torch.testing.assert_close(plain["2-0"][name], plain["1-0"][name], rtol=1e-4, atol=1e-6)
        assert torch.equal(plain["2-0"][name], plain["2-1"][name]), name


def test_each_process_sees_its_own_part_of_each_batch(plain: dict[str, dict[str, Tensor]]) -> None:
    whole, *parts = (plain[key]["seen"] for key in ("1-0", "2-0", "2-1"))
    assert whole.shape == (5, 8, 2)
    assert torch.equal(torch.cat(parts, 1), whole)
    assert {int(state["images_seen"]) for state in plain.values()} == {40}


def test_a_synchronised_buffer_is_the_mean_over_the_processes(
    plain: dict[str, dict[str, Tensor]],
) -> None:
    one, first, second = (plain[key]["variant.mean"] for key in ("1-0", "2-0", "2-1"))
    assert torch.equal(first, second)
    torch.testing.assert_close(first, one)


def test_latents_are_each_process_s_own_and_the_first_s_as_for_one(
    plain: dict[str, dict[str, Tensor]],
) -> None:
    one, first, second = (plain[key]["latent"] for key in ("1-0", "2-0", "2-1"))
    assert torch.equal(one, first)
    assert not set(first.tolist()) & set(second.tolist())


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranked")
    succeed(ranks.launch(folder, ranks.train_ranked, folder))
    return folder


def test_weights_become_and_stay_equal_and_buffers_are_each_process_s_own(ranked: Path) -> None:
    first, second = (load_file(ranked / f"{rank}.safetensors") for rank in (0, 1))
    own = {name.removeprefix("own.") for name in first if name.startswith("own.")}
    assert {name for name in first if not torch.equal(first[name], second[name])} == {
        "rng.cpu",
        "variant.generator.1.running_mean",
        "variant.generator.1.running_var",
        "g.average.generator.1.running_mean",
        "g.average.generator.1.running_var",
    }
    assert own > {"rng.cpu", "variant.generator.1.running_mean"}
    assert not [name for name in own if "weight" in name or "optimizer" in name]
    saved = states(ranked / "run", 10)
    for name in own:
        assert torch.equal(saved[name], first[name]), name
        assert torch.equal(saved[f"rank1.{name}"], second[name]), name


def test_what_is_logged_is_the_mean_over_the_processes(ranked: Path) -> None:
    records = [record for record in Run(ranked / "run", {}).metrics() if "rank" in record]
    assert [record["step"] for record in records] == [5, 10]
    assert {record["rank"] for record in records} == {0.5}


@pytest.fixture(scope="module")
def cyclegan(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """The flags of a short CycleGAN on two folders of small images."""
    data = tmp_path_factory.mktemp("data")
    generator = torch.Generator().manual_seed(0)
    for domain in ("trainA", "trainB"):
        (data / domain).mkdir()
        for number in range(8):
            image = torch.randint(256, (1, 16, 16), dtype=torch.uint8, generator=generator)
            pictures.to_pil(image).save(data / domain / f"{number}.png")
    flags = ("--width", 2, "--blocks", 1, "--pool", 5, "--batch-size", 2, "--steps", STEPS)
    dataset = ("--dataset", "unpaired", "--data-root", data, "--image-size", 16)
    return ("cyclegan", *dataset, *flags, *INTERVALS)


@pytest.fixture(scope="module")
def whole(
    cyclegan: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Ranks]:
    """A training that was never stopped: its pools of fakes and random choices differ."""
    folder = tmp_path_factory.mktemp("whole")
    running = ranks.ganzoo(folder / "printed", "train", *cyclegan, "--out", folder / "run")
    succeed(running)
    return folder / "run", running


def test_only_the_first_process_writes(whole: tuple[Path, Ranks]) -> None:
    run, running = whole
    made = {path.name for folder in (run.parent, running.folder) for path in folder.iterdir()}
    streams = {f"rank{rank}.{stream}" for rank in (0, 1) for stream in ("out", "err")}
    assert made == {"run", "printed", "cache", *streams}
    assert Run.open(run).state == "finished"
    assert Run.open(run).settings["processes"] == 2
    records = Run.open(run).metrics()
    steps = [record["step"] for record in records if "generators_loss" in record]
    assert steps == [*range(2, STEPS + 1, 2)]
    assert (run / "log.txt").read_text().count("training") == 1
    assert "cpu, 2 processes" in running.printed(0)
    assert (running.printed(1), running.complaints(1)) == ("", "")


def test_killed_and_resumed_equals_uninterrupted(
    whole: tuple[Path, Ranks], cyclegan: tuple[object, ...], tmp_path: Path
) -> None:
    run, _ = whole
    assert not torch.equal(
        *(states(run, STEPS)[f"{r}variant.pool_a.images"] for r in ("", "rank1."))
    )
    torn = tmp_path / "torn"
    flags = map(str, (*cyclegan, "--out", torn))
    running = ranks.launch(tmp_path / "a", ranks.die_after_14, "train", *flags)
    running.members[0].join(300)
    running.kill()
    assert running.members[0].exitcode == -signal.SIGKILL, running.complaints(0)
    assert Run.open(torn).state == "killed"
    succeed(ranks.ganzoo(tmp_path / "b", "train", "--resume", torn))
    assert_equal_runs(run, torn, STEPS)


def test_ctrl_c_to_one_process_stops_all_after_the_same_iteration(tmp_path: Path) -> None:
    run = tmp_path / "run"
    flags = (*VANILLA, *FOREVER, "--out", run)
    running = ranks.ganzoo(tmp_path / "a", "train", *flags)
    running.reach(run, 10)
    pid = running.members[1].pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    assert running.wait() == [130, 130], running.complaints(0)
    assert Run.open(run).state == "stopped"
    step = Run.open(run).step
    assert Run.open(run).metrics()[-1]["step"] == step
    onward = f"--nproc-per-node 2 --no-python ganzoo train --resume {shlex.quote(str(run))}"
    assert f"torchrun {onward}" in running.printed(0)
    assert running.printed(1) == ""
    assert (running.complaints(0), running.complaints(1)) == ("", "")
    succeed(ranks.ganzoo(tmp_path / "b", "train", "--resume", run, "--steps", step + 3))
    assert Run.open(run).step == step + 3


def test_another_number_of_processes_is_told_how_to_go_on(
    whole: tuple[Path, Ranks], tmp_path: Path
) -> None:
    run, _ = whole
    before = tree(run)
    result = alone("train", "--resume", run, "--steps", STEPS + 10)
    assert result.status == 2
    assert result.err == (
        f"ganzoo: error: {run} is a training by 2 processes, and 1 cannot go on with it exactly: "
        f"use `torchrun --nproc-per-node 2 --no-python ganzoo train --resume {run}`\n"
    )
    assert tree(run) == before

    single = train_tiny(tmp_path / "single")
    running = ranks.ganzoo(tmp_path / "a", "train", "--resume", single, "--steps", 10)
    assert running.wait() == [2, 2]
    assert f"use `ganzoo train --resume {single}`" in running.complaints(0) + running.complaints(1)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--batch-size", "7"], "--batch-size 7 cannot be shared equally by 2 processes"),
        (["--accumulate", "8"], "--batch-size 8, shared by 2 processes, cannot be split"),
    ],
)
def test_what_is_wrong_in_all_processes_is_said_once(
    tmp_path: Path, flags: list[str], sentence: str
) -> None:
    running = ranks.ganzoo(tmp_path / "a", "train", *VANILLA, *flags, "--out", tmp_path / "run")
    assert running.wait() == [2, 2]
    said = running.complaints(0) + running.complaints(1)
    assert said.count("ganzoo: error:") == said.count("\n") == 1
    assert sentence in said
    assert not (tmp_path / "run").exists()


def test_what_fails_in_one_process_ends_the_others_quietly(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").touch()
    running = ranks.ganzoo(tmp_path / "a", "train", *VANILLA, "--out", tmp_path / "run")
    statuses = running.wait()
    assert statuses[0] == 2
    assert statuses[1] != 0
    assert re.fullmatch(r"ganzoo: error: .* exists already: .*\n", running.complaints(0))
    assert "ganzoo: error:" not in running.complaints(1), running.complaints(1)


def test_all_processes_diverge_alike(tmp_path: Path) -> None:
    flags = ("--lr", "1e30", "--steps", 100, "--log-every", 5, "--out", tmp_path / "run")
    running = ranks.ganzoo(tmp_path / "a", "train", *VANILLA, *flags)
    assert running.wait() == [1, 1]
    assert running.complaints(0).count("training diverged") == 1
    assert running.complaints(1) == ""
    assert Run.open(tmp_path / "run").state == "diverged"


def test_none_is_gone_before_the_first_has_told_the_outcome(tmp_path: Path) -> None:
    flags = ("train", *VANILLA, "--steps", 2, "--out", tmp_path / "run")
    running = ranks.launch(tmp_path / "a", ranks.slow_to_tell, *map(str, flags))
    running.members[1].join(300)
    assert "finished step 2" in running.printed(0)
    succeed(running)


def test_torchrun_passes_a_signal_on_and_all_is_saved(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "00001-vanilla-ring8"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    process = subprocess.Popen(
        [*torchrun, "--standalone", "-m", "ganzoo", "train", *map(str, (*VANILLA, *FOREVER))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    metrics, deadline = run / "metrics.jsonl", time.monotonic() + 300
    while process.poll() is None and not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)  # which torchrun follows by SIGKILL after half a minute
    output, errors = process.communicate(timeout=300)
    assert "stopped at step" in output, errors
    assert [*run.parent.iterdir()] == [run]
    assert Run.open(run).state == "stopped"
    step = Run.open(run).step
    assert json.loads(metrics.read_text().splitlines()[-1])["step"] == step
    assert "rank1.rng.cpu" in states(run, step)


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_processes_that_have_captured_their_exchange_end(tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    flags = (*VANILLA, "--device", "cuda", "--mode", "graph", "--steps", 50)
    command = [*torchrun, "--standalone", "-m", "ganzoo", "train", *map(str, flags)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "not captured" not in done.stdout


@pytest.mark.parametrize("count", [None, "1"])
def test_one_process_joins_nothing(monkeypatch: pytest.MonkeyPatch, count: str | None) -> None:
    if count is not None:
        for name in ("RANK", "LOCAL_RANK", "MASTER_PORT"):
            monkeypatch.setenv(name, "0")
        monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
        monkeypatch.setenv("WORLD_SIZE", count)
    with processes():
        assert not distributed.is_initialized()
        assert engine_distributed.process_count() == 1
        assert Vote().stops(True)


@pytest.mark.parametrize(("seconds", "most", "least"), [(2.0, 1, 1), (0.001, 1000, 400)])
def test_votes_are_rare_where_iterations_are_quick(
    monkeypatch: pytest.MonkeyPatch, seconds: float, most: int, least: int
) -> None:
    now, asked = 0.0, []
    monkeypatch.setattr(engine_distributed, "process_count", lambda: 2)
    monkeypatch.setattr(distributed, "all_reduce", lambda tensor, op: asked.append(iteration))
    monkeypatch.setattr(time, "monotonic", lambda: now)
    vote = Vote()
    for iteration in range(10_000):  # noqa: B007
        now += seconds
        vote.stops(False)
    assert least <= asked[-1] - asked[-2] <= most


def test_each_process_needs_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_distributed, "process_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert own_device(torch.device("cuda")) == torch.device("cuda", 1)
    assert chosen == [1]
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(GanzooError, match="this machine has 2: use torchrun --nproc-per-node 2"):
        own_device(torch.device("cuda"))


def test_batch_norm_is_not_synchronised_on_a_cpu(tmp_path: Path) -> None:
    result = alone("train", *VANILLA, "--sync-batch-norm", "--out", tmp_path / "run")
    assert result.status == 2
    assert "--sync-batch-norm needs CUDA devices" in result.err
    assert not (tmp_path / "run").exists()
