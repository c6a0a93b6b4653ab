"""For how long a run was trained, by its log."""

import re
from datetime import datetime, timedelta
from pathlib import Path

TIME = "%Y-%m-%d %H:%M:%S"
"""How each line of a run's log begins."""
LEAPT = "the clock leapt by {:+.0f} s, as it was set or the machine slept"
"""What a log says before the first line by the new time."""
LEAST_LEAP = 10.0
"""Seconds; clocks that are brought nearer to the time little by little differ by less."""
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
    log = run / "log.txt"
    parts: list[tuple[datetime, datetime]] = []
    back, leapt = timedelta(), timedelta()
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
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


def training_seconds(run: Path) -> float:
    """For how long a run was trained in all, by its log: whole seconds."""
    return sum((end - begin).total_seconds() for begin, end in training_parts(run))
