"""What is measured is so: operations, time by phase, others on the machine, ratios."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from helpers.bench.speeds import CAREFUL, OURS, TYPICAL
from helpers.games import Toy, ToyConfig, points
from torch import Tensor

from ganzoo.bench.speed.compare import Entrant, Length, Turn, ratio, undisturbed
from ganzoo.bench.speed.ours import count_flops, make_engine, time_phases
from ganzoo.bench.speed.quiet import Watch
from ganzoo.bench.speed.setting import START, Setting
from ganzoo.bench.speed.trace import busy_seconds


def test_flops_and_phases_of_a_known_network() -> None:
    toy = Setting(Toy(ToyConfig(), points().spec), points(), points(), batch_size=4)
    engine = make_engine(toy, OURS, print)
    assert engine.iteration == START
    # A multiply-add of each weight and sample is 2. G (3x8, 8x2) and D (2x8, 8x1), forward and,
    # in G's update, back through D to G's weights; in D's, on reals and fakes, to D's weights.
    g, d, n = 3 * 8 + 8 * 2, 2 * 8 + 8 * 1, 4
    update_g = (g + d) + d + (g + 8 * 2)
    update_d = 2 * (d + d + 8 * 1)
    assert count_flops(engine) == 2 * n * (update_g + update_d)
    assert time_phases(engine, 3).keys() == {"data", "g", "d"}
    assert engine.iteration == START + 4


def test_time_by_phase_is_where_it_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    class Slow(Toy):
        def d_loss(self, batch: Any) -> Tensor:
            nonlocal now
            now += 0.05
            return super().d_loss(batch)

    toy = Setting(Slow(ToyConfig(), points().spec), points(), points(), batch_size=4)
    found = time_phases(make_engine(toy, OURS, print), 3)
    assert found == {"data": 0, "g": 0, "d": pytest.approx(50)}


def write_proc(folder: Path, busy: int, processes: dict[int, tuple[int, int]]) -> None:
    """`busy` ticks of the machine; by process its session and its ticks."""
    folder.mkdir(exist_ok=True)
    (folder / "stat").write_text(f"cpu  {busy} 0 0 99999 50 0 0 0 0 0\ncpu0 1 1\n")
    for pid, (session, ticks) in processes.items():
        (folder / str(pid)).mkdir(exist_ok=True)
        half, quarter, eighth = ticks // 2, ticks // 4, ticks // 8  # user, system, children's
        rest = f"S 1 {pid} {session} 0 -1 0 0 0 0 0 {half} {quarter} {eighth} {eighth} 20 0 1"
        (folder / str(pid) / "stat").write_text(f"{pid} (a (strange) name) {rest}")


def test_others_are_those_who_are_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    proc, me = tmp_path / "proc", os.getpid()
    write_proc(proc, 5000, {me: (1, 8), 70: (70, 80), 71: (70, 160), 80: (80, 4000)})
    watch = Watch({70}, proc)
    now = 102.0
    write_proc(proc, 6000, {me: (1, 16), 70: (70, 400), 71: (70, 480), 80: (80, 4392)})
    ticks = os.sysconf("SC_CLK_TCK")
    assert watch.others() == pytest.approx((1000 - 8 - 640) / ticks / 2)


def test_others_are_unknown_where_the_system_does_not_tell(tmp_path: Path) -> None:
    assert Watch({70}, tmp_path / "no-proc").others() is None
    write_proc(tmp_path / "zeros", 0, {})
    assert Watch(set(), tmp_path / "zeros").others() is None


@pytest.mark.skipif(Watch(set()).others() is None, reason="no processor time is counted in /proc")
def test_what_a_session_uses_is_not_taken_for_others() -> None:
    spin = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass"

    with subprocess.Popen([sys.executable, "-c", spin], start_new_session=True) as child:
        knowing, blind, begin = Watch({child.pid}), Watch(set()), time.perf_counter()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with_it, without_it = blind.others(), knowing.others()
    assert with_it is not None
    assert without_it is not None
    assert (with_it - without_it) * (time.perf_counter() - begin) > 0.5


def turns(*steps: float, others: float = 0.0) -> dict[Entrant, Turn]:
    return {
        who: Turn(step, 1, 64, others)
        for who, step in zip((TYPICAL, CAREFUL, OURS), steps, strict=True)
    }


def test_ratios_are_of_single_rounds() -> None:
    rounds = [turns(6, 4, 2), turns(30, 15, 10), turns(4, 2, 2)]
    assert ratio(rounds, TYPICAL, OURS) == {"median": 3, "min": 2, "max": 3}
    assert ratio(rounds, CAREFUL, OURS) == {"median": 1.5, "min": 1, "max": 2}
    assert ratio([{OURS: Turn(1, 1, 1)}], TYPICAL, OURS) is None


def test_disturbed_rounds_are_left_out_where_enough_are_quiet() -> None:
    quiet, loud = turns(3, 2, 1), turns(3, 2, 1, others=0.5)
    assert undisturbed([quiet, loud, quiet, quiet, loud]) == ([quiet] * 3, 2)
    rounds = [quiet, loud, quiet, loud, loud]
    assert undisturbed(rounds) == (rounds, 3)
    unknown = {OURS: Turn(1, 1, 1, None)}
    assert undisturbed([unknown] * 5) == ([unknown] * 5, 0)


def test_length_of_a_turn() -> None:
    assert Length(seconds=5).turn(step=0.01) == 100
    assert Length(seconds=5).turn(step=60) == 1
    assert Length(seconds=5, steps=50).turn(step=60) == 10


def test_device_time_of_a_trace_is_the_union_of_its_kernels() -> None:
    def event(cat: str, ts: float, dur: float) -> dict[str, object]:
        return {"ph": "X", "cat": cat, "ts": ts, "dur": dur, "name": "x"}

    events = [
        event("kernel", 10.0, 5.0),
        event("gpu_memcpy", 12.0, 6.0),
        event("kernel", 13.0, 1.0),
        event("gpu_user_annotation", 0.0, 1000.0),
        event("cpu_op", 0.0, 1000.0),
        event("gpu_memset", 100.0, 2.0),
        {"ph": "M", "name": "process_name"},
    ]
    assert busy_seconds({"traceEvents": events}) == pytest.approx(10e-6)
    assert busy_seconds({"traceEvents": []}) == 0
