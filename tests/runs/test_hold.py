"""Who trains a run, and that asking keeps nobody from the answer or from the run."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from helpers.cli import train_tiny

from ganzoo.errors import GanzooError
from ganzoo.runs import evaluations
from ganzoo.runs.hold import held, is_held
from ganzoo.runs.run import Moved, Run


@contextmanager
def asked_again_and_again(folder: Path, found: list[bool]) -> Iterator[None]:
    """Two threads ask without a pause while this block runs."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            found.append(is_held(folder))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_those_who_ask_do_not_take_each_other_for_a_training(tmp_path: Path) -> None:
    """They told each other that it was running, and a sweep called a finished run one that is."""
    with held(tmp_path):
        pass
    found: list[bool] = []
    with asked_again_and_again(tmp_path, found):
        answers = [is_held(tmp_path) for _ in range(2000)]
    assert not any(answers + found)


def test_a_training_waits_for_those_who_ask(tmp_path: Path) -> None:
    with held(tmp_path):
        pass
    with asked_again_and_again(tmp_path, []):
        for _ in range(20):
            with held(tmp_path, patience=60):
                pass


def test_who_trains_is_seen(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert [*tmp_path.iterdir()] == []  # who asks leaves nothing of theirs there
    with held(tmp_path):
        assert is_held(tmp_path)
        refused = pytest.raises(GanzooError, match="is being trained by another process")
        with refused, held(tmp_path, patience=0):
            pass
    assert not is_held(tmp_path)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lock")
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(is_held, tmp_path).result(timeout=60)


def test_an_evaluation_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may read a run can hold the lock of what is measured of it."""
    monkeypatch.setattr(evaluations, "PATIENCE", 0.2)
    folder = tmp_path / evaluations.FOLDER
    folder.mkdir()
    with FileLock(folder / ".lock"):
        refused = pytest.raises(GanzooError, match="another process has held")
        with refused, ThreadPoolExecutor(1) as pool:
            report = {"protocol": "p", "scores": []}
            pool.submit(evaluations.store, tmp_path, 1, report).result(timeout=60)
    assert evaluations.store(tmp_path, 1, {"protocol": "p", "scores": []})["step"] == 1


def test_a_run_whose_lock_was_removed_is_not_written_by_two(tmp_path: Path) -> None:
    """As by what removes files that nobody has touched for long."""
    run = Run.open(train_tiny(tmp_path / "run"))
    with run.locked():
        run.log("mine")
        (run.path / ".lock").unlink()
        with held(run.path):
            for write in (lambda: run.log("x"), lambda: run.append_metrics({"step": 9.0})):
                before = {path.name: path.stat().st_size for path in run.path.iterdir()}
                with pytest.raises(Moved, match=r"or its file \.lock is not"):
                    write()
                assert before == {path.name: path.stat().st_size for path in run.path.iterdir()}


def test_what_was_kept_and_cannot_be_read_is_left(tmp_path: Path) -> None:
    """A byte that a disk has changed was the end of all scores that the file had."""
    told = {"protocol": "p", "scores": [{"name": "kid", "value": 1.0}]}
    evaluations.store(tmp_path, 1, told)
    (kept,) = (tmp_path / evaluations.FOLDER).glob("*.json")
    damaged = kept.read_text().replace('"scores"', '"sc\0res"')
    kept.write_text(damaged)
    with pytest.raises(GanzooError, match="is damaged, and left as it is: move it elsewhere"):
        evaluations.store(tmp_path, 1, told)
    assert kept.read_text() == damaged
