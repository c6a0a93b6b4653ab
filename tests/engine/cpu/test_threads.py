import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ganzoo.bench.speed.quiet import Watch
from ganzoo.engine.cpu import threads as module
from ganzoo.engine.cpu.cores import quota
from ganzoo.engine.cpu.threads import (
    Neighbours,
    OtherProcesses,
    ThreadTuner,
    leave_busy_cores,
    make_tuner,
)

CORES = 4


class Machine:
    """Simulated cores, shared evenly; `step` trains one and returns what the tuner said."""

    def __init__(self, seconds_of_a_step: Callable[[int], float], cores: int = CORES) -> None:
        self.now = 0.0
        self.busy = 0
        self.seconds_of_a_step = seconds_of_a_step
        self.cores = cores
        self.history: list[tuple[float, int]] = [(0.0, cores)]
        self._others, self._asked = 0.0, (0.0, 0.0)
        self.tuner = ThreadTuner(
            cores, cores, cores, self._used, clock=lambda: self.now, set_threads=self._set
        )

    def _set(self, threads: int) -> None:
        self.history.append((self.now, threads))

    def _used(self) -> float:
        (then, before), self._asked = self._asked, (self.now, self._others)
        return (self._others - before) / (self.now - then)

    def step(self) -> str | None:
        running = self.tuner.threads + self.busy
        share = min(1.0, self.cores / running)
        seconds = self.seconds_of_a_step(self.tuner.threads)
        if share < 1 and self.tuner.threads > 1:
            seconds *= 4  # threads wait for the one that waits for its core
        self.now += seconds
        self._others += share * self.busy * seconds
        return self.tuner.tick()

    def run(self, seconds: float) -> list[str]:
        said, end = [], self.now + seconds
        while self.now < end:
            message = self.step()
            if message:
                said.append(message)
        return said

    @property
    def threads(self) -> int:
        return self.tuner.threads


def large_network(threads: int) -> float:
    return 0.24 / threads


def small_network(threads: int) -> float:
    return 0.005 + 0.001 * threads


def test_a_large_network_keeps_all_cores_of_a_quiet_machine() -> None:
    machine = Machine(large_network)
    assert machine.run(60) == []
    assert machine.threads == CORES
    assert [n for at, n in machine.history if at > 10] == []


def test_a_small_network_gets_one_thread_soon_and_for_good() -> None:
    machine = Machine(small_network)
    assert machine.run(5) == []
    assert machine.threads == 1
    changes = len(machine.history)
    machine.run(60)
    assert len(machine.history) == changes


def test_a_network_between_gets_what_is_fastest() -> None:
    machine = Machine(lambda n: {1: 0.02, 2: 0.012, 3: 0.013, 4: 0.014}[n])
    machine.run(5)
    assert machine.threads == 2


def test_long_steps_are_not_tried_with_fewer_threads() -> None:
    machine = Machine(lambda n: 4 / n)
    machine.run(100)
    assert machine.history == [(0.0, CORES)]


@pytest.mark.parametrize("busy", [1, 2, 3, 4, 9])
def test_busy_cores_are_left_to_the_others_within_seconds_and_then_taken_back(busy: int) -> None:
    machine = Machine(large_network)
    machine.run(10)
    machine.busy = busy
    said = machine.run(15)
    assert machine.threads == max(1, CORES - busy)
    assert "of 4 cores: training goes on with" in said[-1]
    assert machine.run(60) == []
    machine.busy = 0
    said = machine.run(15)
    assert machine.threads == CORES
    assert said[-1] == "other processes use 0.0 of 4 cores: training goes on with 4 threads"


def test_one_busy_core_is_left_within_three_seconds() -> None:
    machine = Machine(large_network)
    machine.run(10)
    machine.busy = 1
    assert len(machine.run(3)) == 1
    assert machine.threads == CORES - 1


def test_a_machine_that_is_busy_from_the_start_gets_fewer_threads_at_the_first_look() -> None:
    machine = Machine(large_network)
    machine.busy = 1
    machine.run(1.5)
    assert max(n for at, n in machine.history if at > 0) == CORES - 1


def test_what_is_best_among_busy_cores_is_found_too() -> None:
    machine = Machine(small_network)
    machine.busy = 1
    machine.run(5)
    assert machine.threads == 1


def test_a_short_burst_is_waited_out() -> None:
    machine = Machine(large_network)
    machine.run(10)
    machine.busy = 2
    assert machine.run(0.9) == []
    machine.busy = 0
    assert machine.run(30) == []
    assert machine.threads == CORES


def test_loads_at_a_threshold_make_no_threads_flap() -> None:
    neighbours = Neighbours()
    left = [neighbours.cores(1.29 + 0.02 * (look % 2)) for look in range(300)]
    assert left == [1] * 300


def test_trainings_that_watch_each_other_seldom_change() -> None:
    tuners = [Neighbours() for _ in range(3)]
    threads, changes = [CORES] * 3, 0
    for _ in range(600):
        share = min(1.0, CORES / sum(threads))
        loads = [share * (sum(threads) - own) for own in threads]
        after = [
            max(1, CORES - tuner.cores(load)) for tuner, load in zip(tuners, loads, strict=True)
        ]
        changes += after != threads
        threads = after
    assert changes <= 30  # in ten minutes


def test_a_request_fixes_the_threads_and_closing_puts_them_back() -> None:
    before = torch.get_num_threads()
    tuner = make_tuner(before + 1, torch.device("cpu"))
    assert torch.get_num_threads() == tuner.threads == before + 1
    assert tuner.tick() is None
    tuner.close()
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("why", ["environment", "device", "system"])
def test_the_threads_are_left_alone(
    why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if why == "environment":
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
    if why == "system":
        monkeypatch.setattr(module, "_STAT", tmp_path / "stat")
    monkeypatch.setattr(module, "PERIOD", 0.0)
    before = torch.get_num_threads()
    tuner = make_tuner(None, torch.device("cuda" if why == "device" else "cpu"))
    for _ in range(100):
        assert tuner.tick() is None
    assert torch.get_num_threads() == before


def stat(monkeypatch: pytest.MonkeyPatch, path: Path, *ticks: int) -> None:
    """A /proc/stat with so many busy ticks of each core, in each of its ways to be busy."""
    rows = [f"cpu{core} {n} {n} {n} 77 55 {n} {n} {n} 99 99" for core, n in enumerate(ticks)]
    path.write_text("\n".join(["cpu  9 9 9 9 9 9 9 9 9 9", *rows, "intr 5 0 0"]) + "\n")
    monkeypatch.setattr(module, "_STAT", path)


def test_what_others_use_is_what_is_used_less_what_this_process_uses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock, own, hertz = [100.0], [5.0], os.sysconf("SC_CLK_TCK")
    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(module.time, "process_time", lambda: own[0])
    stat(monkeypatch, tmp_path / "stat", 1000, 1000, 1000)
    others = OtherProcesses([0, 2])
    clock[0] += 2
    own[0] += 1.5
    stat(monkeypatch, tmp_path / "stat", 1000 + hertz // 2, 9000, 1000)
    assert others() == pytest.approx((3 - 1.5) / 2)  # six ways to be busy, half a second each
    clock[0] += 2
    own[0] += 1.5  # the ticks lag behind
    assert others() == 0


@pytest.mark.skipif(Watch(set()).others() is None, reason="no processor time is counted in /proc")
def test_a_spinning_process_is_seen() -> None:
    cores = os.sched_getaffinity(0)
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)
        others = OtherProcesses(cores)
        time.sleep(1)
        assert others() > 0.25  # a full core, were there no others
    finally:
        spinning.kill()
        spinning.wait()


@pytest.mark.parametrize(
    ("text", "cores"), [("250000 100000", 2), ("50000 100000", 1), ("max 100000", None)]
)
def test_the_quota_of_a_container(
    text: str, cores: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"/proc/self/cgroup": "1:cpu:/x\n0::/box\n", "/sys/fs/cgroup/box/cpu.max": text}
    monkeypatch.setattr(Path, "read_text", lambda self: files[str(self)])
    assert quota() == (cores or os.cpu_count())


@pytest.mark.parametrize(("load", "threads"), [(0.1, 4), (1.2, 3), (9.0, 1)])
def test_what_is_short_leaves_busy_cores_alone(
    load: float, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[int] = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)))
    monkeypatch.setattr(module, "OtherProcesses", lambda cores: lambda: load)
    monkeypatch.setattr(module, "quota", lambda: 8)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    leave_busy_cores(torch.device("cpu"))
    assert chosen == [threads]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    leave_busy_cores(torch.device("cpu"))
    assert len(chosen) == 1
