"""For how long a run was trained, by its log."""

from datetime import datetime, timedelta
from pathlib import Path

TIME = "%Y-%m-%d %H:%M:%S"
"""How each line of a run's log begins."""
_OF_TRAINING = "step ", "training ", "evaluating "
"""What a training says begins with one of these, and not what is said before one that goes on."""


def training_parts(run: Path) -> list[tuple[datetime, datetime]]:
    """When a training began, and went on again each time, and the last that it then said.

    Args:
        run: its directory, the log of which is read. Where the clock was set back meanwhile, as at
            the end of summer time, it is taken to have stood still.
    """
    log = run / "log.txt"
    parts: list[tuple[datetime, datetime]] = []
    back = timedelta()
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        try:
            time = datetime.strptime(line[:19], TIME)
        except ValueError:  # the second line of a message
            continue
        if line.endswith(": training"):
            parts.append((time, time))
            back = timedelta()
        elif parts and line[19:].lstrip().startswith(_OF_TRAINING):
            begin, end = parts[-1]
            back = max(back, end - time)
            parts[-1] = begin, time + back
    return parts


def training_seconds(run: Path) -> float:
    """For how long a run was trained in all, by its log: whole seconds."""
    return sum((end - begin).total_seconds() for begin, end in training_parts(run))
