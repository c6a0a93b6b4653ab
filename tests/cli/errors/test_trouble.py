"""Trouble on the way: full disks and memories, losses without end, interruptions."""

import errno
import json
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest
import torch
from helpers.children import after, start
from helpers.cli import TINY, Result, ganzoo, spawn, train_tiny, tree
from helpers.refusals import WEIGHTS, check, checkpoint, refused, resume
from safetensors.torch import load_file
from torch import Tensor

from ganzoo.engine.engine import Engine

pytestmark = pytest.mark.usefixtures("here")


def test_a_full_disk_leaves_the_checkpoint_before() -> None:
    run = train_tiny(Path("run"), "--generator-widths", "400,400")
    before = tree(checkpoint(run))
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))"
    child = start(Path("printed"), "resumed", after, limited, *map(str, resume(run)))
    result = Result(child.wait(), child.out.read_text(), child.err.read_text())
    check(result, ("could not be written", "step 5 is untouched"))
    assert tree(checkpoint(run)) == before
    assert sorted(p.name for p in (run / "checkpoints").iterdir()) == ["00000000", "00000005"]
    assert ganzoo(*resume(run)).status == 0
    assert (run / "checkpoints" / "00000010").is_dir()


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_too_full_for_the_log(tiny: Path) -> None:
    with small_disk(600):
        result = ganzoo(*resume(tiny))
    check(result, ("tiny cannot be written", "--resume"))
    assert ganzoo(*resume(tiny)).status == 0


def test_a_disk_too_full_for_a_run() -> None:
    with small_disk(100):
        refused("train", "vanilla", *TINY, "--out", "run", saying="run cannot be written")


def test_a_disk_too_full_for_samples(tiny: Path) -> None:
    with small_disk(100):
        refused("sample", tiny, "--out", "x.npz", saying="x.npz (File too large)")


def test_a_loss_that_is_not_finite() -> None:
    args = ("train", "vanilla", *TINY, "--steps", 20, "--checkpoint-every", 1, "--lr", 1e30)
    check(
        ganzoo(*args, "--out", "run"),
        ("training diverged", "phase '", "at step 2", "last good checkpoint is run/checkpoints/"),
        status=1,
    )
    kept = max(Path("run/checkpoints").iterdir())
    assert all(tensor.isfinite().all() for tensor in load_file(kept / WEIGHTS).values())
    refused("sample", "run", "--n", 3, "--out", "x.npz", saying="what is not finite")
    assert ganzoo("sample", "run", "--checkpoint", 0, "--out", "x.npz").status == 0
    assert json.loads(ganzoo("runs", ".", "--json").out)[0]["state"] == "diverged"


def test_a_second_interruption_ends_it_at_once() -> None:
    stuck = (
        "import time; from ganzoo.engine.engine import Engine\n"
        "def step(self): print('stepping', flush=True); time.sleep(60)\n"
        "Engine.step = step"
    )
    child = start(Path("printed"), "train", after, stuck, "train", "vanilla", *TINY, "--out", "run")
    child.say("stepping\n")
    child.hear(signal.SIGINT)
    time.sleep(0.5)
    assert child.process.is_alive()
    child.hear(signal.SIGINT)
    assert (child.wait(50), child.err.read_text()) == (130, "")
    out = child.out.read_text()
    assert "run/checkpoints/00000000" in out
    assert "ganzoo train --resume run" in out


def test_an_interruption_before_the_training_leaves_nothing() -> None:
    slow = (
        "import ganzoo.data.made.mixtures, time, sys\n"
        "def wait(*_): print('loading', flush=True); time.sleep(60)\n"
        "ganzoo.data.made.mixtures.shuffled_labels = wait"
    )
    child = start(Path("printed"), "train", after, slow, "train", "vanilla", *TINY, "--out", "run")
    child.say("loading\n")
    child.hear(signal.SIGINT)
    assert (child.wait(), child.out.read_text()) == (130, "loading\n")
    assert child.err.read_text().split() == ["ganzoo:", "error:", "interrupted"]
    assert not Path("run").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_a_command_leaves_nothing_half_written(number: int) -> None:
    slow = (
        "import ganzoo.plugins.scaffold, time\n"
        "def wait(*_): print('writing', flush=True); time.sleep(60)\n"
        "ganzoo.plugins.scaffold._renamed = wait"
    )
    process = spawn("new", "mygan", python=slow)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    assert [*Path().iterdir()]
    process.send_signal(number)
    _, err = process.communicate()
    assert (process.returncode, err.split()) == (130, ["ganzoo:", "error:", "interrupted"])
    assert not [*Path().iterdir()]


def test_a_device_whose_memory_is_full(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On CUDA an iteration that is no graph cannot use what graphs have for themselves."""

    def step(engine: Engine) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Engine, "step", step)
    result = ganzoo("train", "vanilla", *TINY, "--steps", 5, "--out", here / "run")
    assert result.status != 0
    assert "does not fit into memory: choose a smaller --batch-size" in result.err
    assert "--recompute or, as graphs have memory of their own, --mode eager" in result.err


SHORT = {
    "memory": "does not fit into the memory that is left",
    "threads": "starts no more threads or processes",
}
SHORTAGES = [
    (MemoryError(), "memory"),
    (RuntimeError("[enforce fail at alloc_cpu.cpp:117] can't allocate memory"), "memory"),
    (ImportError("libtorch.so: failed to map segment from shared object"), "memory"),
    (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "memory"),
    (RuntimeError("can't start new thread"), "threads"),
    (RuntimeError("env.cc:327 pthread_create failed, error code: 11 error msg: "), "threads"),
    (BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)), "threads"),
]


@pytest.mark.parametrize(("error", "short"), SHORTAGES, ids=repr)
def test_what_the_system_has_too_little_of(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, short: str
) -> None:
    """Whether it is said at once, or by what became of it in a library."""

    def fails(*arguments: object, **named: object) -> None:
        raise error

    def wraps(*arguments: object, **named: object) -> None:
        raise RuntimeError("the export failed") from error

    before = tree(checkpoint(tiny))
    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.runs.checkpoint.load_file", fails)
        refused("sample", tiny, "--out", "x.npz", saying=SHORT[short])
    for fault in (fails, wraps):
        monkeypatch.setattr("ganzoo.cli._call", fault)
        refused("export", tiny, saying=SHORT[short])
    assert tree(checkpoint(tiny)) == before


def test_a_training_for_which_no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    flags = ("train", "vanilla", *TINY, "--steps", 2, "--mode", "eager", "--out", "run")
    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.training.ending.interrupt.threading.Thread.start", fails)
        check(ganzoo(*flags), SHORT["threads"])
    assert ganzoo("train", "--resume", "run").status == 0


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes differ"), ImportError("no module"), OSError("odd")]
)
def test_mistakes_of_a_program_are_left_to_be_seen(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(args: list[str]) -> None:
        raise error

    monkeypatch.setattr("ganzoo.cli._call", fails)
    with pytest.raises(type(error)):
        ganzoo("list")


def test_a_network_whose_samples_are_no_numbers(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were drawn black, and evaluated."""
    from ganzoo_vanilla.variant import Vanilla

    drawn = Vanilla.forward

    def broken(self: Vanilla, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return drawn(self, latent, label) * (1.0 if self.training else float("nan"))

    monkeypatch.setattr(Vanilla, "forward", broken)
    refused("sample", tiny, "--out", "x.npz", saying=("draws what is not finite", "--checkpoint"))
    evaluated = ganzoo("evaluate", tiny)
    assert (evaluated.status, "draws what is not finite" in evaluated.err) == (2, True)
    exported = ganzoo("export", tiny, "--format", "torch", "--out", "out")
    assert (exported.status, "not finite" in exported.err, Path("out").exists()) == (2, True, False)


def test_who_has_no_home_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that is started with a number as user, and without HOME."""

    def refuse(*_: object) -> Path:
        raise RuntimeError("could not determine the home directory for '~/.cache'")

    monkeypatch.setattr(platformdirs, "user_cache_path", refuse)
    monkeypatch.delenv("GANZOO_CACHE")
    monkeypatch.delenv("GANZOO_DATA", raising=False)
    for args in (("list",), ("train", "vanilla", "--dataset", "mnist", "--out", tmp_path / "run")):
        result = ganzoo(*args)
        assert result.status == 2
        assert "this user has no home folder: set GANZOO_CACHE" in result.err
        assert "Traceback" not in result.err
