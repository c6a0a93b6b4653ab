"""A machine that fails: one call of the system at random, a full disk, no files left to open."""

import builtins
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faults.child import Ended, forked
from faults.ground import left_alone, left_by, training, whole_checkpoint
from ganzoo.errors import GanzooError

VARIANT = "vanilla"
CALLS = {
    "fsync": (os, "fsync", errno.EIO),
    "rename": (os, "rename", errno.EXDEV),
    "replace": (os, "replace", errno.EACCES),
    "mkdir": (os, "mkdir", errno.ENOSPC),
    "open": (builtins, "open", errno.ENOSPC),
    "os.open": (os, "open", errno.EMFILE),
}
"""What fails once, and what it says then."""
MOST = 60
"""Calls of one kind in a training, about: the one that fails is among them."""


def campaign(
    folder: Path, data: Path, chance: random.Random, until: float
) -> tuple[Counter[str], list[str]]:
    """Trainings in which something fails; returns counts and what should not have been."""
    counts, wrong = Counter[str](), list[str]()
    whole = folder / "whole"
    expected = left_alone(VARIANT, whole, data)
    faults: dict[str, Callable[[], None]] = {
        "small files only": lambda: _no_more(resource.RLIMIT_FSIZE, chance.randint(500, 20_000)),
        "few files": lambda: _no_more(resource.RLIMIT_NOFILE, _open_files() + chance.randint(1, 6)),
    }
    while time.monotonic() < until:
        name = chance.choice([*CALLS, *faults])
        number = chance.randint(1, MOST)
        before = faults.get(name) or _failing(name, number)
        chance.random()  # the child draws from a copy
        wrong += _tried(name, folder, data, before, expected, counts)
    if os.geteuid() == 0:
        for name, little, much in (
            ("full disk", "size=100k", "size=64m"),
            ("quota of files", "size=64m,nr_inodes=12", "size=64m,nr_inodes=1000"),
        ):
            wrong += _on_a_tiny_disk(name, little, much, folder / "tiny", data, counts)
        wrong += _on_a_disk_that_is_only_read(whole, counts)
    return counts, wrong


def _tried(
    name: str,
    folder: Path,
    data: Path,
    before: Callable[[], None],
    expected: dict[str, object],
    counts: Counter[str],
) -> list[str]:
    """One training with a fault, which then goes on without."""
    run, log = folder / "broken", folder / "broken.log"
    shutil.rmtree(run, ignore_errors=True)
    counts[name] += 1
    done = forked([*training(VARIANT, data), "--out", run], log, before)
    if not done.in_a_sentence:
        return [f"{name}: {_end(done)}"]
    counts["refused in a sentence"] += done.status == 2
    return _goes_on(name, run, log, data, expected)


def _goes_on(name: str, run: Path, log: Path, data: Path, expected: dict[str, object]) -> list[str]:
    """What is wrong with a training after what has failed works again."""
    try:
        whole = whole_checkpoint(run)
    except (GanzooError, ValueError, OSError) as error:
        return [f"{name}: the last checkpoint is not whole: {error}"]
    if whole is None:
        shutil.rmtree(run, ignore_errors=True)
        done = forked([*training(VARIANT, data), "--out", run], log)
    else:
        done = forked(["train", "--resume", run], log)
    finished = "ask for more with --steps" in done.said  # what failed was done without
    if done.status != 0 and not finished:
        return [f"{name}: it does not go on: {_end(done)}"]
    found = left_by(run)
    keys = sorted(key for key in expected if expected[key] != found.get(key) and key != "names")
    return [f"{name}: differs in {', '.join(keys)}"] if keys else []


def _on_a_tiny_disk(
    name: str, little: str, much: str, place: Path, data: Path, counts: Counter[str]
) -> list[str]:
    """A disk with little room, which then has much."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", little, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True).returncode:
        return []
    try:
        run, log = place / "run", place.parent / "tiny.log"
        counts[name] += 1
        done = forked([*training(VARIANT, data), "--out", run], log)
        if done.status == 0 or not done.in_a_sentence:
            return [f"{name}: {_end(done)}"]
        whole_checkpoint(run)
        subprocess.run(["mount", "-o", f"remount,{much}", str(place)], check=True)
        return _goes_on(name, run, log, data, {})
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def _on_a_disk_that_is_only_read(whole: Path, counts: Counter[str]) -> list[str]:
    """A finished run there is sampled, listed and shown; to go on is refused."""
    place = whole.parent / "read"
    place.mkdir()
    if subprocess.run(["mount", "--bind", str(whole), str(place)], capture_output=True).returncode:
        return []
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        log, wrong = whole.parent / "read.log", list[str]()
        sampled = whole.parent / "sampled.npz"
        for status, args in (
            (2, ["train", "--resume", place, "--steps", 9]),
            (0, ["sample", place, "--n", 2, "--out", sampled]),
            (0, ["runs", place.parent]),
        ):
            counts["read-only disk"] += 1
            done = forked(list(args), log)
            if done.status != status or not done.in_a_sentence:
                wrong.append(f"read-only disk: {args[0]}: {_end(done)}")
        return wrong
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def _failing(name: str, number: int) -> Callable[[], None]:
    """Has the call of that number fail, and no other."""
    owner, attribute, code = CALLS[name]

    def before() -> None:
        true, calls = getattr(owner, attribute), 0

        def call(*args: Any, **named: Any) -> Any:
            nonlocal calls
            if "open" in name and not _writes(args, named):
                return true(*args, **named)
            calls += 1
            if calls == number:
                raise OSError(code, os.strerror(code))
            return true(*args, **named)

        setattr(owner, attribute, call)
        if owner is builtins:
            import io

            io.open = call  # by which pathlib opens

    return before


def _writes(args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether a file is opened to be written: modules that are read are nothing of a run."""
    mode = args[1] if len(args) > 1 else named.get("mode", named.get("flags", "r"))
    return bool(mode & (os.O_WRONLY | os.O_RDWR)) if isinstance(mode, int) else "r" not in mode


def _no_more(what: int, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(what, (limit, resource.getrlimit(what)[1]))


def _open_files() -> int:
    """The least number that limits nothing yet."""
    return max(int(path.name) for path in Path("/dev/fd").iterdir()) + 1


def _end(done: Ended) -> str:
    return f"status {done.status}: {done.said[-700:]}"
