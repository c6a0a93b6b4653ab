"""For how long a run was trained, by its log."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

TIME = "%Y-%m-%d %H:%M:%S"
"""How each line of a run's log begins."""
LEAPT = "the clock leapt by {:+.0f} s, as it was set or the machine slept"
"""What a log says before the first line by the new time."""
LEAST_LEAP = 10.0
"""Seconds; clocks that are brought nearer to the time little by little differ by less."""
_LONG = 2**16
"""Letters that no line has."""
_LEAPT = re.compile(re.escape(LEAPT).replace(re.escape("{:+.0f}"), r"([+-]\d+)"))
_OF_TRAINING = "step ", "training ", "evaluating "
"""What a training says begins with one of these, and not what is said before one that goes on."""


def training_parts(run: Path) -> list[tuple[datetime, datetime]]:
    """When a training began, and went on again each time, and the last that it then said.

    Args:
        run: its directory, the log of which is read. What the clock leapt by, as the log says, does
            not count; where it says nothing, as those of before, a clock that was set back is taken
            to have stood still.
    """
    parts: list[tuple[datetime, datetime]] = []
    back, leapt = timedelta(), timedelta()
    for line in _lines(run / "log.txt"):
        try:
            time = datetime.strptime(line[:19], TIME)
        except ValueError:  # the second line of a message
            continue
        leap = _LEAPT.fullmatch(line[19:].strip())
        if leap is not None:
            leapt += timedelta(seconds=int(leap[1]))
        time -= leapt
        if line.endswith(": training"):
            parts.append((time + leapt, time + leapt))
            back, leapt = timedelta(), timedelta()
        elif parts and line[19:].lstrip().startswith(_OF_TRAINING):
            begin, end = parts[-1]
            back = max(back, end - time)
            parts[-1] = begin, time + back
    return parts


def _lines(log: Path) -> Iterator[str]:
    """The lines of a log, which may be a stranger's and no file, or in parts if they are long."""
    if log.is_file():
        with log.open(encoding="utf-8", errors="replace") as file:
            for line in iter(partial(file.readline, _LONG), ""):
                yield line.rstrip("\n")


def training_seconds(run: Path) -> float:
    """For how long a run was trained in all, by its log: whole seconds."""
    return sum((end - begin).total_seconds() for begin, end in training_parts(run))
