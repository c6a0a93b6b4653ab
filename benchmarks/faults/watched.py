"""Attempts in a process that is watched: what ends it, or keeps it for too long, is a find."""

import json
import os
import random
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MEMORY = 2 * 2**30
"""Bytes of addresses that a process may take beyond what it has; what wants more is a find."""
LIMIT = 120.0
"""Seconds that an attempt may take."""
RUNNING = frozenset(
    {"os.system", "os.exec", "os.posix_spawn", "pickle.find_class", "subprocess.Popen"}
)
"""Events of Python's audit that mean that something is run."""
SECRET = "/etc/passwd"


@dataclass
class Told:
    """What came of an attempt."""

    outcomes: dict[str, int]
    """How often what happened."""
    wrong: list[str]
    """What should not have."""
    number: int = 0


def watched(
    folder: Path,
    attempt: Callable[[random.Random], Told],
    seed: float,
    numbers: range,
    until: float,
) -> Iterator[Told]:
    """Make attempts in a process of their own, one after the other, until a time.

    Args:
        folder: outside of which nothing is to be written.
        attempt: draws by what it is given, which depends on the seed and its number alone.
        seed: of all of them.
        numbers: of these.
        until: when no other one is begun.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            confine(folder)
            for number in numbers:
                if time.monotonic() < until:
                    told = attempt(random.Random(f"{seed} {number}"))
                    _tell(writing, asdict(told) | {"number": number})
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    number = numbers.start
    with os.fdopen(reading) as lines:
        while select.select([lines], [], [], LIMIT)[0] and (line := lines.readline()):
            told = Told(**json.loads(line))
            number = told.number + 1
            yield told
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if status and number < numbers.stop:
        how = f"attempt {number} of seed {seed} ends the process, or takes longer than {LIMIT:g} s"
        yield Told({"broke": 1}, [f"{how}: status {status}"], number)


def _tell(descriptor: int, told: dict[str, Any]) -> None:
    line = json.dumps(told).encode() + b"\n"
    while line:
        line = line[os.write(descriptor, line) :]


VIOLATIONS: list[str] = []
"""What should not have happened in the command that is called."""


def confine(folder: Path) -> None:
    """Take down what should not happen, and bound the memory, in this process from now on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    allowed = (str(folder), "/dev/")

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event in RUNNING:
            VIOLATIONS.append(f"{event} {args}")
        elif event == "open" and isinstance(args[0], str) and isinstance(args[2], int):
            path = str(Path(args[0]).absolute())
            writes = args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if path == SECRET or (writes and not path.startswith(allowed)):
                VIOLATIONS.append(f"{'written to' if writes else 'read'} {path}")

    sys.addaudithook(hear)
