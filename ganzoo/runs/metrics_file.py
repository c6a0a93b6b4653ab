"""``metrics.jsonl``: a line a record, of which there may be millions."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo.artifacts.files import replacing
from ganzoo.errors import GanzooError

METRICS = "metrics.jsonl"
SHOWN = 5000
"""Records of either kind that are enough for a picture, or for a table."""

_LONG = 2**20
"""Bytes that no line has."""
_ENDLESS = 2**28
"""Bytes that nobody reads to find the end of a line, which a disk may have filled."""
_HUGE = 2**63
"""No step is as large."""
_NAMES = 200
"""Of values, more than any variant logs: each is a curve of its own."""
_OF_TRAINING = b'_loss"'
"""In each record of a training's iterations, and in none of what was measured."""


def read_metrics(run: Path) -> Iterator[dict[str, float]]:
    """The records of a run; a line that a crash has cut short, or a disk has damaged, is none.

    Raises:
        GanzooError: a line was written by nobody here.
    """
    for number, line in _lines(run / METRICS):
        record = _parsed(run / METRICS, number, line)
        if record is not None:
            yield record


def rewind(run: Path, step: int) -> int:
    """Keep the records up to a step.

    Returns:
        How many lines before the last could not be read, and are left out.

    Raises:
        GanzooError: a line was written by nobody here.
        OSError: the file cannot be written.
    """
    damaged = last = number = 0
    path = run / METRICS
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for number, line in _lines(path):
            record = _parsed(path, number, line)
            if record is None:
                damaged, last = damaged + 1, number
            elif record["step"] <= step:
                file.write(json.dumps(record) + "\n")
    return damaged - (damaged > 0 and last == number)


def read_some(run: Path, most: int = SHOWN) -> list[dict[str, float]]:
    """All records of a run, or of so many that nobody could see them some, and the last.

    Args:
        run: its folder.
        most: records of iterations, and records of what was measured, that are at least read where
            there are more; they are evenly spaced.

    Raises:
        GanzooError: a line that is read was written by nobody here.
    """
    kept = _Spaced(most), _Spaced(most)
    for number, line in _lines(run / METRICS):
        kept[_OF_TRAINING in line].add(number, line)
    records, names = [], set[str]()
    for number, line in sorted({*kept[0].lines, *kept[1].lines}):
        record = _parsed(run / METRICS, number, line)
        if record is None:
            continue
        records.append(record)
        names |= record.keys()
        if len(names) > _NAMES:
            raise GanzooError(
                f"{run / METRICS} is damaged: it has more than {_NAMES} values up to line "
                f"{number}, which no variant logs: delete that line"
            )
    return records


def last_step(run: Path) -> int:
    """The step of a run's last whole record; 0, where there is none."""
    path = run / METRICS
    if not path.is_file():  # or a stranger's pipe
        return 0
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONG))
            lines = file.read().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        with suppress(GanzooError):
            if (record := _parsed(path, 0, line)) is not None:
                return int(record["step"])
    return 0


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, numbered; one that is longer than any that is written is empty.

    Raises:
        GanzooError: one never ends, as far as anybody would read.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, line in enumerate(iter(partial(file.readline, _LONG), b""), 1):
            if len(line) < _LONG:
                yield number, line
                continue
            begun = file.tell()
            while line and not line.endswith(b"\n"):
                line = file.readline(_LONG)
                if file.tell() - begun > _ENDLESS:
                    raise GanzooError(
                        f"{path} is damaged: line {number} has no end: delete the line"
                    )
            yield number, b""


class _Spaced:
    """Lines of which, however many come, some are kept that are evenly spaced, and the last."""

    def __init__(self, most: int) -> None:
        self._most, self._every, self._count = most, 1, 0
        self._kept: list[tuple[int, bytes]] = []
        self._last: list[tuple[int, bytes]] = []

    @property
    def lines(self) -> list[tuple[int, bytes]]:
        """With their numbers."""
        return self._kept + self._last

    def add(self, number: int, line: bytes) -> None:
        """Take in the next line."""
        if self._count % self._every == 0:
            if len(self._kept) == 2 * self._most:
                self._kept, self._every = self._kept[::2], 2 * self._every
            if self._count % self._every == 0:
                self._kept.append((number, line))
        self._last = [(number, line)]
        self._count += 1


def _parsed(path: Path, number: int, line: bytes) -> dict[str, float] | None:
    """The record in a line; None: it was cut short, or is damaged.

    Raises:
        GanzooError: it was written by nobody here.
    """
    try:
        record = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    if not _is_record(record):
        raise GanzooError(
            f"{path} is damaged: line {number} is no record of a step: delete the line"
        )
    found: dict[str, float] = record
    return found


def _is_record(told: Any) -> bool:
    """Whether it is what a run appends: a step, and numbers that a float can hold."""
    return (
        isinstance(told, dict)
        and isinstance(told.get("step"), int)
        and all(
            type(value) is float or (type(value) is int and abs(value) < _HUGE)
            for value in told.values()
        )
    )
