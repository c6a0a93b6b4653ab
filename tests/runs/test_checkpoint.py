"""Checkpoints: whole or not there at all, and never anything but tensors."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import STATE, WEIGHTS, Identity

TOY = Identity("toy", "2")


def tensors(value: float = 0.0) -> dict[str, Tensor]:
    return {
        "net.weight": torch.arange(6.0).view(2, 3) + value,
        "net.channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "steps": torch.tensor(7),
    }


def write(folder: Path, step: int, value: float = 0.0) -> Path:
    return checkpoint.save(folder, step, TOY, weights=tensors(value), state=tensors(value))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    saved = tensors(1.5)
    path = checkpoint.save(tmp_path, 12, TOY, weights=saved, state=saved)
    assert path == tmp_path / "00000012" == checkpoint.latest(tmp_path)
    for load in (checkpoint.load_state, checkpoint.load_weights):
        loaded = load(path, TOY, saved)
        assert loaded.keys() == saved.keys()
        for name, tensor in saved.items():
            assert torch.equal(loaded[name], tensor)
            assert loaded[name].dtype == tensor.dtype


def test_equal_tensors_make_equal_files(tmp_path: Path) -> None:
    """Byte for byte, so that runs can be compared by the SHA-256 of the manifests."""
    saved = tensors() | {"größe": torch.ones(2)}
    paths = [
        checkpoint.save(tmp_path / str(number), 1, TOY, weights=saved, state=saved)
        for number in range(8)
    ]
    assert len({(path / "manifest.json").read_bytes() for path in paths}) == 1
    assert torch.equal(checkpoint.load_weights(paths[0], TOY, saved)["größe"], saved["größe"])


def test_half_of_a_checkpoint_is_never_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed at the removal of one has removed it, or has not begun."""
    for step in (1, 2):
        write(tmp_path, step)
    seen: list[list[str]] = []

    def stop(path: Path, **_: object) -> None:
        seen.append(sorted(each.name for each in tmp_path.glob("0*")))

    monkeypatch.setattr(Path, "unlink", stop)
    write(tmp_path, 3)
    assert seen == [["00000002", "00000003"]] * 3  # before each of its parts goes


def test_a_folder_of_the_users_is_no_checkpoint_for_its_name(tmp_path: Path) -> None:
    """A date of eight digits was the newest step, and damaged: it was said to delete it."""
    path = write(tmp_path, 7)
    (tmp_path / "20261130").mkdir()
    (tmp_path / "20261130" / "notes.txt").touch()
    assert checkpoint.latest(tmp_path) == path
    write(tmp_path, 8)
    write(tmp_path, 9)
    assert (tmp_path / "20261130" / "notes.txt").exists()
    assert [*checkpoint.every(tmp_path)] == ["last", "8", "9"]


def test_a_disk_that_maps_no_file_is_not_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, 1)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("No such device (os error 19)")  # as safetensors says it of /proc/self/mem

    monkeypatch.setattr(checkpoint, "safe_open", refuse)
    with pytest.raises(GanzooError, match="lets no file be mapped") as told:
        checkpoint.load_weights(path, TOY, tensors())
    assert "damaged" not in str(told.value)


def test_only_safetensors_and_a_manifest_are_written(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    assert {file.name for file in path.iterdir()} == {STATE, WEIGHTS, "manifest.json"}
    assert json.loads((path / "manifest.json").read_text())["step"] == 1


@pytest.mark.parametrize("name", ["00000001", "best-00000001", "00000005"])
def test_a_folder_of_the_users_is_never_removed_for_its_name(tmp_path: Path, name: str) -> None:
    """As where another folder was mounted over that of the checkpoints."""
    mine = tmp_path / name / "photo.png"
    mine.parent.mkdir()
    mine.write_text("mine")
    for step in (2, 3, 4):
        write(tmp_path, step)
        verdict = checkpoint.Verdict(step, "mark", 1.0)
        checkpoint.save_best(tmp_path, TOY, verdict, weights=tensors())
    if name == "00000005":
        with pytest.raises(GanzooError, match="what is called so is not of this run"):
            write(tmp_path, 5)
    else:
        write(tmp_path, 5)
    assert mine.read_text() == "mine"


def test_a_checkpoint_of_another_run_is_never_removed(tmp_path: Path) -> None:
    """Of any step, beside the run's own and those of before manifests told of whom they are."""
    ours, theirs = Identity("toy", "2", "ours"), Identity("toy", "2", "theirs")
    folder = tmp_path / "checkpoints"

    def save(step: int, of: Identity, folder: Path = folder) -> None:
        checkpoint.save(folder, step, of, weights=tensors(), state=tensors())
        checkpoint.save_best(folder, of, checkpoint.Verdict(step, "mark", 1.0), weights=tensors())

    for step in (1, 4, 9):
        save(step, theirs, tmp_path / str(step))
        shutil.copytree(tmp_path / str(step), folder, dirs_exist_ok=True)
    save(2, TOY)
    for step in (3, 5, 6):
        save(step, ours)
    checkpoint.rewind(folder, 6, "ours")
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{step:08d}" for step in (1, 4, 5, 6, 9)} | {
        f"best-{step:08d}" for step in (1, 4, 6, 9)
    }
    with pytest.raises(GanzooError, match="what is called so is not of this run"):
        save(9, ours)


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        write(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000003", "00000004"]


def test_a_step_may_be_saved_again(tmp_path: Path) -> None:
    write(tmp_path, 3, 1.0)
    path = write(tmp_path, 3, 2.0)
    kept = checkpoint.load_state(path, TOY, tensors())["net.weight"]
    assert torch.equal(kept, tensors(2.0)["net.weight"])


def test_a_step_that_is_saved_again_is_not_lost_where_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rename, fails = write(tmp_path, 3, 1.0), Path.rename, [True]

    def failing(self: Path, target: Path) -> Path:
        if target == path and fails:
            fails.clear()
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(GanzooError, match="the one of step 3 is untouched"):
        write(tmp_path, 3, 2.0)
    kept = checkpoint.load_state(path, TOY, tensors())["net.weight"]
    assert torch.equal(kept, tensors(1.0)["net.weight"])


def test_a_step_that_is_there_already_stays(tmp_path: Path) -> None:
    """There was a moment without it, in which a crash lost it: as a run goes on, and stops."""
    write = partial(checkpoint.save, tmp_path, 3, TOY, weights=(saved := tensors()), state=saved)
    path = write()
    before = path.stat().st_ino
    assert write().stat().st_ino == before
    (path / WEIGHTS).write_bytes(b"damaged")
    assert write().stat().st_ino != before
    assert checkpoint.load_weights(path, TOY, saved).keys() == saved.keys()
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def test_who_may_read_it_is_for_the_umask_to_say(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write(tmp_path, 1)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o640}


@pytest.mark.parametrize("name", [STATE, WEIGHTS])
@pytest.mark.parametrize("cut", [0, 1, 7, 100, -1])
def test_truncation_is_noticed(tmp_path: Path, name: str, cut: int) -> None:
    write(tmp_path, 1)
    path = write(tmp_path, 2)
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[:cut])
    load = checkpoint.load_state if name == STATE else checkpoint.load_weights
    advice = "to go on from step 1" if name == STATE else "--resume .* still goes on"
    with pytest.raises(GanzooError, match=rf"{name} is damaged .* {advice}"):
        load(path, TOY, tensors())


@pytest.mark.parametrize("name", [STATE, WEIGHTS])
def test_one_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, 1)
    content = bytearray((path / name).read_bytes())
    content[-9] ^= 1
    (path / name).write_bytes(content)
    load = checkpoint.load_state if name == STATE else checkpoint.load_weights
    with pytest.raises(GanzooError, match="SHA-256"):
        load(path, TOY, tensors())


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploded",)


@pytest.mark.parametrize("kind", ["pickle", "torch.save"])
def test_a_pickle_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "checkpoints", 1)
    if kind == "pickle":
        (path / STATE).write_bytes(pickle.dumps(Bomb()))
    else:
        torch.save(Bomb(), path / STATE)
    with pytest.raises(GanzooError, match="is a pickle, which can run code"):
        checkpoint.load_state(path, TOY, tensors())
    assert not (tmp_path / "exploded").exists()


def test_manifest_damage_is_noticed(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"sha256": {}}', '{"sha256": 3}'):
        path = write(tmp_path, 1)
        (path / "manifest.json").write_text(content)
        with pytest.raises(GanzooError, match=r"manifest.json is damaged"):
            checkpoint.load_state(path, TOY, tensors())
    (path / "manifest.json").unlink()
    with pytest.raises(GanzooError, match="is damaged"):
        checkpoint.load_state(path, TOY, tensors())


def test_another_variant_or_shape_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    with pytest.raises(GanzooError, match="checkpoint of toy for 2 samples, not of dcgan for 1x28"):
        checkpoint.load_state(path, Identity("dcgan", "1x28x28"), tensors())
    wider = tensors() | {"net.weight": torch.zeros(2, 4)}
    with pytest.raises(GanzooError, match=r"'net.weight' is \(2, 3\) in the file and \(2, 4\)"):
        checkpoint.load_state(path, TOY, wider)
    more = tensors() | {"net.extra": torch.zeros(1)}
    with pytest.raises(GanzooError, match=r"'net\.extra' is no such tensor in the file"):
        checkpoint.load_state(path, TOY, more)


@pytest.mark.parametrize("other", [torch.float16, torch.int32, torch.bool, torch.complex64])
def test_another_type_is_refused(tmp_path: Path, other: torch.dtype) -> None:
    """It would be rounded, or lose a part, and nothing would say so."""
    found = tensors() | {"net.weight": torch.ones(2, 3).to(other)}
    path = checkpoint.save(tmp_path, 1, TOY, weights=found, state=found)
    for load in (checkpoint.load_state, checkpoint.load_weights):
        with pytest.raises(GanzooError, match=rf"'net.weight' is of {other} in the file and of"):
            load(path, TOY, tensors())


def test_a_full_disk_leaves_the_previous_checkpoint(tmp_path: Path) -> None:
    """A limit on the size of files fails the write in the middle, as a full disk does."""
    write(tmp_path, 1)
    script = """
import resource, signal, sys, torch
from pathlib import Path
from ganzoo.runs import checkpoint
from ganzoo.errors import GanzooError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
big = {"x": torch.ones(1_000_000)}
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    checkpoint.save(Path(sys.argv[1]), 2, checkpoint.Identity("toy", "2"), weights=big, state=big)
except GanzooError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert "the one of step 1 is untouched" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["00000001"]
    checkpoint.load_state(tmp_path / "00000001", TOY, tensors())


def test_a_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """A process that does nothing but save is killed a dozen times."""
    script = """
import sys, torch
from pathlib import Path
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Identity
step = int(sys.argv[2])
print("ready", flush=True)
while True:
    step += 1
    x = {"x": torch.full((50_000,), float(step))}
    checkpoint.save(Path(sys.argv[1]), step, Identity("toy", "2"), weights=x, state=x)
"""
    step, expected = 0, {"x": torch.zeros(50_000)}
    for delay in (0.01, 0.03, 0.08, 0.15):
        process = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path, str(step)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        path = checkpoint.latest(tmp_path)
        if path is not None:
            step = int(path.name)
            for load in (checkpoint.load_state, checkpoint.load_weights):
                assert torch.equal(
                    load(path, TOY, expected)["x"], torch.full((50_000,), step * 1.0)
                )
    assert step > 0


def test_a_leftover_of_a_killed_writer_is_no_checkpoint_and_is_removed(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    leftover = shutil.copytree(path, tmp_path / ".00000002.123.tmp")
    assert checkpoint.latest(tmp_path) == path
    write(tmp_path, 3)
    assert not leftover.exists()


def test_steps_of_nine_digits_are_later_than_those_of_eight(tmp_path: Path) -> None:
    for step in (99_999_999, 100_000_000, 100_000_001):
        write(tmp_path, step)
    assert checkpoint.latest(tmp_path) == tmp_path / "100000001"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["100000000", "100000001"]
