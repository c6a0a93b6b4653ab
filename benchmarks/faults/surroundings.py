"""Surroundings that nobody thought of: clocks that jump, odd names, no home, shared caches.

In each the same training ends with the same bytes, or is refused in a sentence.
"""

import ctypes
import os
import random
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from faults.child import Ended, forked
from faults.ground import left_alone, left_by, training, variants
from ganzoo.runs import run as run_module

VARIANT = "vanilla"
DAY = 86_400.0
NAMES = {
    "a name with spaces": "my photos, all of them ",
    "a name with quotes": "o'\"brien`$HOME`",
    "a name with a newline": "two\nlines",
    "a name of commands for a terminal": "\x1b[2J\x07red",
    "a name that is no text": os.fsdecode(b"caf\xe9"),
    "a name of 255 bytes": "ü" * 127 + "x",
    "a name like a flag": "--help",
    "a name from right to left": "\u202egnp.exe",
}
SCRIPT = "<script>alert('x')</script>".replace("/", "\u2215")
UNSEEN = "\x1b[31m\x07"


def campaign(
    folder: Path, data: Path, chance: random.Random, until: float
) -> tuple[Counter[str], list[str]]:
    """Trainings in odd surroundings, in any order; returns counts and what should not be."""
    counts, wrong = Counter[str](), list[str]()
    expected = left_alone(VARIANT, folder / "whole", data)
    situations: list[tuple[str, Callable[[], list[str] | None]]] = [
        *(
            (what, lambda name=name: _named(folder, data, name, expected))
            for what, name in NAMES.items()
        ),
        ("a clock that jumps", lambda: _with(folder, data, _jumping(chance), expected)),
        ("no home", lambda: _with(folder, data, _without_home, None)),
        ("a home that cannot be written", lambda: _with(folder, data, _unwritable_home, None)),
        ("a cache that two share", lambda: _shared(folder, data, expected)),
        ("names of classes that are code", lambda: _classes(folder, data)),
        ("no /dev/shm", lambda: _with(folder, data, _without_shm, expected)),
        ("a language without UTF-8", lambda: _in_ascii(folder, data, expected)),
    ]
    chance.shuffle(situations)
    while time.monotonic() < until:
        for what, tried in situations:
            if time.monotonic() >= until:
                break
            found = tried()
            counts[what if found is not None else f"not possible here: {what}"] += 1
            wrong += [f"{what}: {each}" for each in found or ()]
    return counts, wrong


def _trained(run: Path, log: Path, done: Ended, expected: dict[str, object] | None) -> list[str]:
    """What is wrong with a training that was to end, or perhaps to be refused."""
    if expected is None:
        return [] if done.in_a_sentence else [_end(done)]
    if done.status != 0:
        return [_end(done)]
    found = left_by(run)
    keys = sorted(key for key in expected | found if expected.get(key) != found.get(key))
    return [f"differs in {', '.join(keys)}"] if keys else []


def _with(
    folder: Path, data: Path, before: Callable[[], None], expected: dict[str, object] | None
) -> list[str] | None:
    """A training, and samples of it, in a child in which something is changed first."""
    run, log = _fresh(folder / "run"), folder / "log"
    done = forked([*training(VARIANT, data), "--out", run], log, before)
    if "not possible here" in done.said:
        return None
    wrong = _trained(run, log, done, expected)
    if done.status == 0:
        out = folder / "out.npz"
        out.unlink(missing_ok=True)
        done = forked(["sample", run, "--n", 2, "--out", out], log, before)
        wrong += [] if done.status == 0 else [_end(done)]
    return wrong


def _named(folder: Path, data: Path, name: str, expected: dict[str, object]) -> list[str]:
    """Data, a run and samples in folders of an odd name; and the command that goes on is right."""
    place, log = _fresh(folder / "named"), folder / "log"
    place.mkdir()
    inside = place / name
    try:
        shutil.copytree(data / "photos", inside / name)
    except OSError:  # a disk that has no such names
        return []
    begin = training(VARIANT, data)
    begin[begin.index("--data-root") + 1] = inside / name
    run, wrong = inside / "runs" / name, list[str]()
    if not _is_text(name):
        done = forked([*begin, "--out", run], log)
        wrong += [] if "choose another with --out" in done.said else [_end(done)]
        run = place / "runs" / "run"
    run.parent.mkdir(exist_ok=True)
    wrong += _trained(run, log, forked([*begin, "--out", run], log), expected)
    if wrong:
        return wrong
    told = run / "run.json"
    told.write_text(told.read_text().replace('"finished"', '"stopped"'))
    commands: list[list[object]] = [
        ["sample", run, "--n", 2, "--out", inside / "drawn" / name],
        ["sample", run, "--n", 2, "--out", inside / f"{name[:80]}.npz"],
        ["evaluate", run, "--n", 4, "--metrics", "parzen"],
        ["runs", run.parent],
    ]
    (inside / "drawn").mkdir()
    for args in commands:
        done = forked(args, log)
        if done.status != 0 or "\x1b" in done.said:
            wrong.append(f"{args[0]}: {_end(done)}")
    line = next((line for line in done.said.splitlines() if "--resume" in line), "")
    if name.isprintable() and str(run) not in shlex.split(line):
        wrong.append(f"no command that goes on: {done.said}")
    return wrong


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _jumping(chance: random.Random) -> Callable[[], None]:
    """Has the clock of a child jump by up to years, forwards and backwards."""
    seed = chance.random()

    def before() -> None:
        draw = random.Random(seed)
        true, true_ns = time.time, time.time_ns

        def jump() -> float:
            return draw.uniform(-4000 * DAY, 4000 * DAY)

        class Jumping(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + timedelta(seconds=jump())

        time.time = lambda: true() + jump()
        time.time_ns = lambda: true_ns() + int(1e9 * jump())
        run_module.datetime = Jumping  # type: ignore[misc]

    return before


def _without_home() -> None:
    for name in ("HOME", "GANZOO_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        os.environ.pop(name, None)
    os.environ["HOME"] = "/nonexistent/home" if os.geteuid() else "/proc/none"


def _unwritable_home() -> None:
    _without_home()
    os.environ["HOME"] = "/proc"


def _without_shm() -> None:
    """Have nothing be written to /dev/shm in this process, where the system allows to say so."""
    new_namespace, private, only_read = 0x20000, 0x44000, 1
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        sys.platform != "linux"
        or libc.unshare(new_namespace)
        or libc.mount(b"none", b"/", None, private, None)
        or libc.mount(b"none", b"/dev/shm", b"tmpfs", only_read, None)
    ):
        print("not possible here", flush=True)
        os._exit(0)


def _shared(folder: Path, data: Path, expected: dict[str, object]) -> list[str]:
    """Three trainings that begin at once with one cache in which there is nothing."""
    cache, wrong = _fresh(folder / "cache"), list[str]()
    children = []
    for number in range(3):
        run, log = _fresh(folder / f"run{number}"), folder / f"log{number}"
        child = os.fork()
        if child == 0:
            os.environ["GANZOO_CACHE"] = str(cache)
            done = forked([*training(VARIANT, data), "--out", run], log)
            os._exit(done.status or 0)
        children.append((child, run, log))
    for child, run, log in children:
        _, status = os.waitpid(child, 0)
        done = Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"), 0.0)
        wrong += _trained(run, log, done, expected)
    leftovers = [path.name for path in cache.iterdir() if ".tmp" in path.name]
    return wrong + [f"left over: {name}" for name in leftovers]


def _classes(folder: Path, data: Path) -> list[str] | None:
    """Classes whose names are code for a browser or a terminal: shown, and never obeyed."""
    if "cgan" not in variants():
        return None
    place, run, log = _fresh(folder / "classes"), _fresh(folder / "run"), folder / "log"
    for number, name in enumerate((SCRIPT, UNSEEN, "two\nlines", "a|b")):
        shutil.copytree(data / "photos" / str(number), place / name)
    begin = training("cgan", data)
    begin[begin.index("--data-root") + 1] = place
    wrong = []
    out = folder / "drawn"
    shutil.rmtree(out, ignore_errors=True)
    for args in (
        [*begin, "--out", run],
        ["sample", run, "--n", 2, "--label", UNSEEN, "--out", out],
        ["sample", run, "--n", 2, "--label", "no such", "--out", folder / "none"],
        ["compare", run, run],
        ["runs", folder],
    ):
        done = forked(list(args), log)
        if not done.in_a_sentence or "\x1b" in done.said or "\x07" in done.said:
            wrong.append(f"{args[0]}: {_end(done)!r}")
    return wrong


def _in_ascii(folder: Path, data: Path, expected: dict[str, object]) -> list[str]:
    """A whole process whose files and streams are ASCII, with data that are called otherwise."""
    place, run = _fresh(folder / "größe"), _fresh(folder / "läufe")
    shutil.copytree(data / "photos", place)
    begin = training(VARIANT, data)
    begin[begin.index("--data-root") + 1] = place
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "ganzoo", *map(str, begin), "--out", run],
        env=os.environ | plain,
        capture_output=True,
        cwd=folder,
        check=False,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    return _trained(run, folder / "log", Ended(done.returncode, said, 0.0), expected)


def _fresh(path: Path) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    return path


def _end(done: Ended) -> str:
    return f"status {done.status}: {done.said[-700:]}"
