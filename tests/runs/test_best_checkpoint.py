"""The checkpoint of the best: whole or refused, whenever its writer is killed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch
from helpers.killed import Killed
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import WEIGHTS, Identity, Verdict

TOY = Identity("toy", "2")


def test_a_damaged_best_is_refused(tmp_path: Path) -> None:
    tensors = {"x": torch.ones(5)}
    path = checkpoint.save_best(tmp_path, TOY, Verdict(3, "mark", 1.5), weights=tensors)
    assert checkpoint.verdict(path, TOY) == Verdict(3, "mark", 1.5)
    assert torch.equal(checkpoint.load_weights(path, TOY, tensors)["x"], tensors["x"])
    content = bytearray((path / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (path / WEIGHTS).write_bytes(content)
    with pytest.raises(GanzooError, match="SHA-256"):
        checkpoint.load_weights(path, TOY, tensors)
    for damage in ("", "[]", "{}", '{"step": 3, "criterion": "mark", "value": null}'):
        (path / "manifest.json").write_text(damage)
        with pytest.raises(GanzooError, match=r"manifest\.json is damaged: delete .*best-00000003"):
            checkpoint.verdict(path, TOY)


@contextmanager
def killed_after(moment: int) -> Iterator[None]:
    """Killed before an operation that touches the disk; 0: before the first."""
    remaining = [moment]

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object, **kwargs: object) -> object:
            remaining[0] -= 1
            if remaining[0] < 0:
                raise Killed
            return call(*args, **kwargs)

        return wrapped

    with pytest.MonkeyPatch.context() as patched, suppress(Killed):
        for owner, name in (
            (checkpoint, "save_file"),
            (checkpoint, "sync"),
            (Path, "mkdir"),
            (Path, "write_text"),
            (Path, "rename"),
            (shutil, "rmtree"),
        ):
            patched.setattr(owner, name, dying(getattr(owner, name)))
        yield
    assert remaining[0] < 0


@pytest.mark.parametrize("moment", range(9))
def test_a_kill_at_any_moment_leaves_a_whole_best(tmp_path: Path, moment: int) -> None:
    tensors = [{"x": torch.full((5,), float(step))} for step in range(4)]

    def save(step: int) -> None:
        verdict = Verdict(step, "mark", -step)
        checkpoint.save_best(tmp_path, TOY, verdict, weights=tensors[step])

    save(1)
    with killed_after(moment):
        save(2)
    path = checkpoint.best(tmp_path)
    assert path is not None
    step = checkpoint.verdict(path, TOY).step
    assert step == checkpoint.step_of(path) == (1 if moment < 7 else 2)
    loaded = checkpoint.load_weights(path, TOY, tensors[step])
    assert torch.equal(loaded["x"], tensors[step]["x"])
    save(3)
    assert [path.name for path in tmp_path.iterdir()] == ["best-00000003"]


@pytest.mark.parametrize("moment", range(20))
def test_a_kill_at_any_moment_leaves_what_a_resumed_training_goes_back_to_and_nothing_else(
    tmp_path: Path, moment: int
) -> None:
    x: dict[str, Tensor] = {"x": torch.ones(5)}
    for step, marked in ((4, 3), (8, 5)):
        checkpoint.save_best(tmp_path, TOY, Verdict(marked, "mark", -marked), weights=x)
        checkpoint.save(tmp_path, step, TOY, weights=x, state=x)
    with killed_after(moment):
        checkpoint.save_best(tmp_path, TOY, Verdict(10, "mark", -10), weights=x)
        checkpoint.save(tmp_path, 12, TOY, weights=x, state=x)
    newest = checkpoint.latest(tmp_path)
    assert newest is not None
    checkpoint.rewind(tmp_path, checkpoint.step_of(newest), "")
    found = checkpoint.best(tmp_path)
    assert found is not None
    assert checkpoint.step_of(found) == {8: 5, 12: 10}[checkpoint.step_of(newest)]
    kept = {8: (4, 8, 5), 12: (8, 12, 10)}[checkpoint.step_of(newest)]
    names = [f"{kept[0]:08d}", f"{kept[1]:08d}", f"best-{kept[2]:08d}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_no_more_bests_are_kept_than_are_needed(tmp_path: Path) -> None:
    x: dict[str, Tensor] = {"x": torch.ones(5)}
    kept = []
    for step in range(1, 9):
        checkpoint.save_best(tmp_path, TOY, Verdict(step, "mark", -step), weights=x)
        if step % 3 == 0:
            checkpoint.save(tmp_path, step, TOY, weights=x, state=x)
        kept.append([checkpoint.step_of(path) for path in sorted(tmp_path.glob("best-*"))])
    assert kept == [[1], [2], [3], [3, 4], [3, 5], [6], [6, 7], [6, 8]]


def test_a_full_disk_leaves_the_best_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x: dict[str, Tensor] = {"x": torch.ones(5)}
    checkpoint.save_best(tmp_path, TOY, Verdict(1, "mark", 1.0), weights=x)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "sync", full)
    with pytest.raises(GanzooError, match=r"step 2 could not be written .*No space left"):
        checkpoint.save_best(tmp_path, TOY, Verdict(2, "mark", 0.5), weights=x)
    assert [path.name for path in tmp_path.iterdir()] == ["best-00000001"]
