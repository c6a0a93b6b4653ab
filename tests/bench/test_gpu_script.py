"""`benchmarks/gpu.sh`: a page whatever happens, and steps that end in time."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gpu import carried, page, plan
from gpu.__main__ import parse
from gpu.schedule import Schedule, hear_signals
from gpu.step import FAILED, INTERRUPTED, NOT_REACHED, PASSED, RUNNING, TIMED_OUT, Result, Step
from gpu.steps.collect import group
from gpu.steps.machine import UNUSED

ROOT = Path(__file__).parents[2]
SLEEPS = "import time; print('asleep', flush=True); time.sleep(600)"
FINDS = "import os; open(os.environ['GPU_FOUND'], 'w').write('a finding'); print('fine')"
FAILS = "print('all is well'); raise SystemExit('it broke')"


def python(name: str, code: str, seconds: float = 60, least: float = 0) -> Step:
    return Step(name, [sys.executable, "-c", code], seconds, least)


def scheduled(folder: Path, seconds: float = 100) -> Schedule:
    def write(results: list[Result]) -> None:
        page.write(folder / "gpu.md", results, rehearsal=False, summary="")

    return Schedule(time.monotonic() + seconds, {**os.environ}, folder, write)


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def grows(file: Path) -> bool:
    size = file.stat().st_size
    time.sleep(1)
    return file.stat().st_size > size


def test_one_failure_hides_no_other_step(tmp_path: Path) -> None:
    schedule = scheduled(tmp_path)
    steps = [python("breaks", FAILS), python("finds", FINDS), python("sleeps", SLEEPS, 6)]
    schedule.side_by_side(schedule.announce(steps), share=1.0)
    assert [one.outcome for one in schedule.results] == [FAILED, PASSED, TIMED_OUT]
    assert schedule.results[2].seconds < 30
    text = (tmp_path / "gpu.md").read_text()
    assert "| breaks | **failed** |" in text
    assert "all is well\nit broke" in text
    assert "## finds\n\na finding" in text
    assert "| sleeps | **timed out** |" in text
    assert "asleep" in schedule.results[2].output


def test_a_step_that_hears_no_interruption_is_killed_with_all_that_it_started(
    tmp_path: Path,
) -> None:
    beats = tmp_path / "beats"
    child = f"""
import time
while True:
    open({str(beats)!r}, "a").write("alive ")
    time.sleep(0.05)
"""
    deaf = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", {child!r}])
time.sleep(600)
"""
    schedule = scheduled(tmp_path)
    schedule.one_by_one(schedule.announce([python("deaf", deaf, 6)]))
    assert schedule.results[0].outcome == TIMED_OUT
    wait_until(lambda: not grows(beats))


def test_steps_for_which_no_time_is_left_are_named(tmp_path: Path) -> None:
    schedule = scheduled(tmp_path, seconds=12)
    steps = [python("long", SLEEPS), python("later", FINDS), python("needed", FINDS, least=11)]
    schedule.one_by_one(schedule.announce(steps))
    assert [one.outcome for one in schedule.results] == [NOT_REACHED, NOT_REACHED, PASSED]
    assert "| later | **not reached** |  | no time was left |" in (tmp_path / "gpu.md").read_text()


class Interrupts(threading.Thread):
    """A thread that is interrupted as it starts, before anybody can have noted it."""

    def start(self) -> None:
        super().start()
        signal.raise_signal(signal.SIGTERM)


def test_an_interruption_between_any_two_lines_ends_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = scheduled(tmp_path)
    steps = [python("long", SLEEPS), python("other", SLEEPS), python("third", SLEEPS)]
    with restored(signal.SIGTERM), restored(signal.SIGINT):
        hear_signals(schedule)
        monkeypatch.setattr(threading, "Thread", Interrupts)
        schedule.side_by_side(schedule.announce(steps), share=1.0)
        schedule.one_by_one(schedule.announce([python("later", FINDS)]))
    assert {one.outcome for one in schedule.results} <= {INTERRUPTED, NOT_REACHED}
    text = (tmp_path / "gpu.md").read_text()
    assert RUNNING not in text
    assert "| later | **not reached** |  | interrupted before it began |" in text


@contextmanager
def restored(number: signal.Signals) -> Iterator[None]:
    before = signal.getsignal(number)
    try:
        yield
    finally:
        signal.signal(number, before)


def script(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The script itself, as a rehearsal of its first two steps."""
    return subprocess.Popen(
        [ROOT / "benchmarks/gpu.sh", folder, "--rehearse", "--only", "machine", *arguments],
        env=os.environ | {"PYTHON": sys.executable, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_who_ends_the_script_finds_a_page(tmp_path: Path, number: signal.Signals) -> None:
    target = tmp_path / "rehearsal.md"
    process = script(tmp_path)
    wait_until(lambda: target.exists() and RUNNING in target.read_text())
    process.send_signal(number)
    process.communicate(timeout=120)
    text = target.read_text()
    assert "This is a rehearsal and measures nothing" in text
    assert "| machine |" in text
    assert number == signal.SIGKILL or INTERRUPTED in text


def test_a_rehearsal_says_what_it_is_and_counts_its_steps(tmp_path: Path) -> None:
    (tmp_path / "rehearsal.log").write_text("of somebody before")
    process = script(tmp_path, "--limit", "300")
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    text = (tmp_path / "rehearsal.md").read_text()
    assert text.startswith("# A rehearsal")
    assert "2 of 2 steps passed" in text
    assert "tests need a GPU: " in text
    assert "of somebody before" not in (tmp_path / "rehearsal.log").read_text()


def test_what_is_an_extra_of_users_is_not_missing_where_only_gpu_tests_run() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    names = {
        extra: {re.split(r"[^\w-]", one)[0] for one in requirements}
        for extra, requirements in extras.items()
    }
    tested = names.pop("test")
    assert tested >= UNUSED
    assert tested & set().union(*names.values()) <= UNUSED


def test_a_wheel_that_cannot_be_unpacked_is_named_and_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "broken-1-py3-none-any.whl").write_text("no wheel")
    said = carried.install_wheels(tmp_path, tmp_path / "site")
    assert said.startswith("broken-1-py3-none-any.whl: ")


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("tests/engine/test_modes.py::test_equal[wgan-gp-settings0]", "wgan-gp"),
        ("tests/engine/test_modes.py::test_equal[wgan]", "wgan"),
        ("tests/engine/test_modes.py::test_equal[r3gan-graph]", "r3gan"),
        ("tests/engine/test_modes.py::test_events", "modes"),
        ("tests/training/test_other_device.py::test_resumes[eager]", "other_device"),
        ("tests/data/test_feed.py::test_draws[True]", "feed"),
        ("tests/data/test_feed.py::test_draws[3]", "feed"),
    ],
)
def test_tests_are_grouped_by_variant_or_file(node: str, name: str) -> None:
    assert group(node, ["r3gan", "wgan", "wgan-gp"]) == name


def test_groups_share_processes_and_lose_no_test() -> None:
    groups = {name: [f"{name}-1", f"{name}-2"] for name in "abcdefg"} | {plan.ALONE: ["timed"]}
    joined = plan.together(groups)
    assert joined.pop(plan.ALONE) == ["timed"]
    assert [*joined] == ["a, b, c", "d, e, f", "g"]
    assert joined["d, e, f"] == ["d-1", "d-2", "e-1", "e-2", "f-1", "f-2"]


def test_a_step_that_does_not_exist_is_refused_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name that was mistyped would else be a run in which all went well."""
    with pytest.raises(SystemExit) as refused:
        parse(["--only", "speed", "--only", "no such step"])
    assert refused.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--only: no step is called 'no such step': there are machine, " in said
    assert "GPU tests: VARIANT or FILE" in said
    assert parse(["--only", "GPU tests: cgan", "--only", "speed: dcgan"]).only
