"""Whether other processes use the machine while something is measured."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

TOLERATED = 0.1
"""Core-seconds a second that others may use."""
PROC = Path("/proc")


class Watch:
    """Measures, from its making on, what is used by others than this process and some sessions."""

    def __init__(self, sessions: Collection[int], proc: Path = PROC) -> None:
        self._sessions, self._proc = sessions, proc
        self._begin, self._before = time.perf_counter(), self._others()

    def others(self) -> float | None:
        """Cores that others kept busy on average; None where the system does not tell."""
        after, elapsed = self._others(), time.perf_counter() - self._begin
        if self._before is None or after is None:
            return None
        return max(0.0, after - self._before) / elapsed

    def _others(self) -> float | None:
        """Seconds of processor time, of all cores, that others have used so far."""
        try:
            first = (self._proc / "stat").read_text().split("\n", 1)[0].split()
        except OSError:
            return None
        user, nice, system, _, _, irq, softirq, steal = map(int, first[1:9])
        total = user + nice + system + irq + softirq + steal
        if not total:
            return None
        own = 0
        for path in self._proc.glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended
                own += self._ticks(path.read_text())
        return (total - own) / os.sysconf("SC_CLK_TCK")

    def _ticks(self, stat: str) -> int:
        """What a process of ours has used with the children that it waited for; else 0."""
        pid = int(stat.split(" ", 1)[0])
        fields = stat.rsplit(")", 1)[1].split()
        if pid == os.getpid() or int(fields[3]) in self._sessions:
            return sum(map(int, fields[11:15]))
        return 0
