"""Power that fails at a random moment: what the disk was not told to hold may be lost.

A child notes in which order it makes, renames and removes names, and what it has fsynced. Of what
was not, each change of a folder and each content of a file is there afterwards or is not, at
random: a disk that is allowed all that POSIX allows.
"""

import os
import pickle
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.child import forked
from faults.ground import left_by, training, whole_checkpoint
from ganzoo.errors import GanzooError
from ganzoo.runs.run import Run

VARIANT = "vanilla"
REMOVING = ("os.remove", "os.rmdir", "shutil.rmtree")
"""Events of Python's audit."""
Change = tuple[str, str, str | bytes | None]
"""What is done, to which path, and with what: the new name, or the content that the disk holds."""


def campaign(
    folder: Path, data: Path, chance: random.Random, until: float
) -> tuple[Counter[str], list[str]]:
    """Trainings in which the power fails; returns counts and what should not have been."""
    counts, wrong = Counter[str](), list[str]()
    whole, notes = folder / "whole", folder / "notes"
    (folder / "disk").mkdir()
    run = folder / "disk" / "run"
    begin: list[object] = [*training(VARIANT, data), "--out", run]
    done = forked(begin, folder / "log", _recorded(folder / "disk", notes, -1))
    if done.status != 0:
        return counts, [done.said[-500:]]
    run.rename(whole)
    expected, changes = left_by(whole), len(pickle.loads(notes.read_bytes()))
    while time.monotonic() < until:
        shutil.rmtree(run, ignore_errors=True)
        at = chance.randrange(changes)
        forked(begin, folder / "log", _recorded(folder / "disk", notes, at))
        counts["failures of the power"] += 1
        promised = _lose(folder / "disk", pickle.loads(notes.read_bytes()), chance)
        wrong += [f"at change {at}: {each}" for each in _after(run, promised, expected, counts)]
    return counts, wrong


def _after(
    run: Path, promised: int, expected: dict[str, object], counts: Counter[str]
) -> list[str]:
    """What is wrong with what is left of a training."""
    log = run.parent.with_name("after.log")
    try:
        whole = whole_checkpoint(run)
    except (GanzooError, ValueError, OSError) as error:
        return [f"unreadable: {error}"]
    if whole is None:
        counts["before the first checkpoint"] += 1
        return ["a checkpoint that was there is lost"] if promised >= 0 else []
    if not whole or Run.open(run).step < promised:
        return [f"the checkpoint of step {promised} is lost"]
    done = forked(["train", "--resume", run], log)
    if done.status != 0 and "ask for more with --steps" not in done.said:
        return [f"it does not go on: {done.said[-500:]}"]
    found = left_by(run)
    keys = sorted(key for key in expected if expected[key] != found.get(key) and key != "names")
    keys += [path.name for path in run.rglob("*.tmp*")]
    return [f"differs in {', '.join(keys)}"] if keys else []


def _recorded(disk: Path, notes: Path, stop: int) -> Callable[[], None]:
    """Has a child note its changes below a folder, and end before that of a number."""

    def before() -> None:
        changes: list[Change] = []
        busy = False
        true_fsync, true_exit = os.fsync, os._exit

        def note(*change: Any) -> None:
            nonlocal busy
            busy = True
            if len(changes) == stop:
                leave(1)
            changes.append(change)
            busy = False

        def leave(status: int) -> Any:
            nonlocal busy
            busy = True
            notes.write_bytes(pickle.dumps(changes))
            true_exit(status)

        def below(path: Any) -> str:
            if not isinstance(path, str | bytes | Path):
                return ""
            whole = Path(os.fsdecode(path)).absolute()
            return str(whole) if whole.is_relative_to(disk) else ""

        def hear(event: str, args: tuple[Any, ...]) -> None:
            if busy:
                return
            if event == "open" and (path := below(args[0])):
                if isinstance(args[2], int) and args[2] & os.O_CREAT:
                    note("make", path, None)
            elif event == "os.mkdir" and (path := below(args[0])):
                note("mkdir", path, None)
            elif event == "os.rename" and (path := below(args[0])):
                note("rename", path, below(args[1]))
            elif event in REMOVING and args[1] in (-1, None) and (path := below(args[0])):
                note("remove", path, None)

        def fsync(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            true_fsync(descriptor)
            if below(path):
                note("sync", str(path), None if path.is_dir() else path.read_bytes())

        sys.addaudithook(hear)
        os.fsync = fsync
        os._exit = leave  # type: ignore[assignment]

    return before


@dataclass(eq=False)
class _File:
    held: bytes | None = None
    """What the disk was told to hold."""
    path: str = ""
    """Where it is now."""


@dataclass(eq=False)
class _Folder:
    names: dict[str, Any] = field(default_factory=dict)
    """As the system shows them."""
    held: dict[str, Any] = field(default_factory=dict)
    """As the disk was told to hold them."""
    since: list[dict[str, Any]] = field(default_factory=list)
    """Changes that it was not told of, each whole or not at all: names, and what they become."""

    def put(self, **changed: Any) -> None:
        """Have names be something else, or, if that is None, nothing any more."""
        self.since.append(changed)
        self.names = {name: node for name, node in (self.names | changed).items() if node}

    def sync(self) -> None:
        """Have the disk hold all names."""
        self.held, self.since = dict(self.names), []


def _lose(disk: Path, changes: list[Change], chance: random.Random) -> int:
    """Leave in a folder what a disk might hold; returns of which step it must hold a checkpoint."""
    top = _Folder()

    def place(path: str) -> tuple[_Folder, str]:
        *above, name = Path(path).relative_to(disk).parts
        where = top
        for part in above:
            where = where.names[part]
        return where, name

    promised = -1
    for what, path, more in changes:
        if path == str(disk):
            top.sync()
            continue
        where, name = place(path)
        if what in ("make", "mkdir") and name not in where.names:
            where.put(**{name: _Folder() if what == "mkdir" else _File()})
        elif what == "remove":
            where.put(**{name: None})
        elif what == "rename":
            assert isinstance(more, str)
            target, new = place(more)
            assert target is where
            where.put(**{name: None, new: where.names[name]})
        elif what == "sync" and isinstance(more, bytes):
            if name not in where.names:  # made by what no hook hears
                where.put(**{name: _File()})
            where.names[name].held = more
        elif what == "sync":
            node = where.names[name]
            node.sync()
            if name == "checkpoints":
                promised = max(map(int, filter(str.isdecimal, node.held)), default=promised)
    live = {str(path): path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    _place_files(top, str(disk))
    share = chance.choice([0.0, 0.5, 1.0])
    for each in disk.iterdir():
        shutil.rmtree(each)
    _write(top, disk, live, share, chance)
    return promised


def _place_files(folder: _Folder, path: str) -> None:
    for name, node in folder.names.items():
        if isinstance(node, _Folder):
            _place_files(node, f"{path}/{name}")
        else:
            node.path = f"{path}/{name}"


def _write(
    folder: _Folder, path: Path, live: dict[str, bytes], share: float, chance: random.Random
) -> None:
    """Write what is left of a folder."""
    names = dict(folder.held)
    for changed in folder.since:
        names |= changed if chance.random() < share else {}
    for name, node in names.items():
        if isinstance(node, _Folder):
            (path / name).mkdir()
            _write(node, path / name, live, share, chance)
        elif node is not None:
            (path / name).write_bytes(_content(node, live, share, chance))


def _content(file: _File, live: dict[str, bytes], share: float, chance: random.Random) -> bytes:
    """What is left of a file: what the disk holds, and of what came later all, some or zeros."""
    held = file.held or b""
    later = live.get(file.path, held)
    if not later.startswith(held) or chance.random() >= share:
        return held
    kept = later[: chance.randint(len(held), len(later))]
    return chance.choice([later, kept, kept.ljust(len(later), b"\0")])
