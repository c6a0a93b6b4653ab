"""A training on a real pipe and on a real terminal, stopped and going on."""

import io
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.cli import TINY, ganzoo, spawn
from helpers.plugins.toy import TOY_INIT, TOY_VARIANT

from ganzoo.artifacts.waiting import stderr_console
from ganzoo.cli import main
from ganzoo.training.watching.remaining import Smoothed

pytestmark = pytest.mark.usefixtures("here")

FOREVER = ("--steps", 10**6, "--mode", "eager")  # which would be compiled first


def test_a_slow_start_does_not_count_in_the_speed() -> None:
    """While the first iterations were compiled, days seemed to be left for many records."""
    speed = Smoothed()
    speed.add(1.0)
    assert speed.value == 1
    speed.add(10.0)
    assert speed.value == 10
    speed.add(20.0)
    assert speed.value == pytest.approx(0.7 * 10 + 0.3 * 20)


def test_a_training_on_a_pipe_is_plain_lines() -> None:
    result = ganzoo("train", "vanilla", *TINY, "--steps", 9, "--log-every", 2, "--out", "run")
    assert (result.status, result.err) == (0, "")
    assert "\x1b" not in result.out
    records = [line for line in result.out.splitlines() if line.startswith("step ")]
    assert [record.split()[1] for record in records] == ["2/9", "9/9"]
    assert all(
        re.search(r"generator_loss [\d.]+ .*real_score [\d.]+ .*images/s .*left$", record)
        for record in records
    )
    for path in ("samples/00000009.png", "samples.gif", "curves.png", "checkpoints/00000009"):
        assert f"run/{path}" in result.out
        assert Path("run", path).exists()
    command = shlex.split(re.search(r"draw more +ganzoo (.*)", result.out)[1])
    assert ganzoo(*command).status == 0
    assert Path(command[-1]).exists()


def test_ctrl_c_keeps_the_run_and_says_how_to_go_on() -> None:
    process = spawn("train", "vanilla", *TINY, *FOREVER, "--out", "my run")
    assert process.stdout is not None
    assert any(line.startswith("step 10/") for line in process.stdout)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    kept = Path(re.search(r"  checkpoint  +(.*)", out)[1])
    assert (kept / "state.safetensors").is_file()
    assert kept.parent == Path("my run/checkpoints")
    assert json.loads(ganzoo("runs", ".", "--json").out)[0]["state"] == "stopped"
    command = re.search(r"go on with +ganzoo (.*)", out)[1]
    assert command == "train --resume 'my run'"
    result = ganzoo(*shlex.split(command), "--steps", int(kept.name) + 3)
    assert result.status == 0, result.err
    assert f"going on from step {int(kept.name):,}" in result.out


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for args in (["list"], ["list", "--json"], ["train", "--help"]):
        code = "from ganzoo.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *args], stdout=writing, stderr=subprocess.PIPE, text=True
        )
        assert (done.returncode, done.stderr) == (1, "")
    os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full")
def test_output_that_nobody_can_take_is_a_sentence() -> None:
    code = [sys.executable, "-c", "from ganzoo.cli import main; main()", "losses"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(code, stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith("ganzoo: error: what this prints cannot be written there")
        assert done.stderr.count("\n") == 1
        assert subprocess.run([*code, "--nothing"], stderr=full).returncode == 2


def test_streams_that_are_closed_are_nobodys() -> None:
    """And no file that is opened later is taken for one of them."""
    opened = "import os; print(os.open(os.devnull, os.O_RDONLY) > 2, file=open('opened', 'w'))"
    code = f"from ganzoo.cli import run, _open_streams; _open_streams(); {opened}; run(['losses'])"
    closed = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(code)} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", closed]).returncode == 0
    assert Path("opened").read_text() == "True\n"


@pytest.mark.parametrize("args", [["list"], ["train", "--help"], ["info", "vanilla"]])
def test_a_terminal_without_unicode(args: list[str], install: Callable[..., None]) -> None:
    install("toy", TOY_INIT, TOY_VARIANT)
    process = spawn(*args, PYTHONIOENCODING="ascii", LC_ALL="C")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.isascii()


@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
@pytest.mark.parametrize("size", ["1" * 5000, "\N{SUPERSCRIPT TWO}", "0", "-5", "x", str(10**9)])
def test_a_size_that_no_terminal_has_is_not_heeded(
    name: str, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, size)
    monkeypatch.setattr(sys, "argv", ["ganzoo", "losses"])
    monkeypatch.setattr("ganzoo.cli._heed_signals", lambda: None)  # this process is the tests'
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert name not in os.environ
    monkeypatch.setenv(name, size)
    assert stderr_console.__wrapped__().width == 80


class Terminal:
    """A program on a terminal of 80 columns."""

    def __init__(self, *args: object, program: tuple[str, str] = ("-m", "ganzoo")) -> None:
        self.screen = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
            os.execv(sys.executable, [sys.executable, *program, *map(str, args)])

    def wait_for(self, text: str, seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            if not self._read():
                pytest.fail(f"no '{text}' in: {self.screen}")

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def status(self) -> int:
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        if not select.select([self.descriptor], [], [], 300)[0]:
            return False
        try:
            read = os.read(self.descriptor, 65536)
        except OSError:  # it has ended
            return False
        self.screen += read.decode()
        return bool(read)

    @property
    def lines(self) -> list[str]:
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.screen))


def test_a_training_on_a_terminal_is_a_live_display() -> None:
    terminal = Terminal("train", "vanilla", *TINY, *FOREVER, "--out", "run")
    terminal.wait_for("D's score")
    terminal.type("\x03")
    assert terminal.status() == 130
    assert "\x1b[" in terminal.screen
    text = "\n".join(terminal.lines)
    for words in ("ring8", "images/s", "left", "real 0.", "stopping: a checkpoint is saved first"):
        assert words in text
    assert "go on with    ganzoo train --resume run" in text
    assert max(map(len, terminal.lines)) <= 80
    assert terminal.screen.rindex("\x1b[?25h") > terminal.screen.rindex("\x1b[?25l")  # the cursor


def test_what_is_said_stands_above_the_line_that_changes() -> None:
    code = (
        "from ganzoo.cli.images import warn\nfrom ganzoo.cli.output import status_line\n"
        "with status_line() as show:\n    show('looking at the images')\n    warn('one is odd')"
    )
    terminal = Terminal(program=("-c", code))
    assert terminal.status() == 0
    assert "one is odd" in terminal.lines
    assert any(line.endswith("looking at the images") for line in terminal.lines)


def test_an_error_on_a_terminal_is_red() -> None:
    terminal = Terminal("lst")
    assert terminal.status() == 2
    assert terminal.screen.startswith("\x1b[31m\x1b[1mganzoo: error:\x1b[0m there is no command")


def test_the_list_fits_80_columns(install: Callable[..., None]) -> None:
    install("toy", "raise RuntimeError('it does not work ' * 10)")
    terminal = Terminal("list")
    assert terminal.status() == 0
    assert max(map(len, terminal.lines)) <= 80
    assert "\x1b[31mbroken" in terminal.screen
    assert any(re.match(r"vanilla +2014  ok +Generative", line) for line in terminal.lines)


def test_a_console_shows_what_is_in_a_name_and_does_not_obey_it() -> None:
    from rich.text import Text

    from ganzoo.cli.output import make_console, make_table

    file, evil = io.StringIO(), "\x1b[2Jred\x07"
    console, table = make_console(file), make_table(evil, "b")
    table.add_row(evil, Text(evil, style="bold"))
    for printed in (evil, Text(f"a {evil}"), table):
        console.print(printed)
    assert not {*file.getvalue()} & {"\x1b", "\x07"}
    assert file.getvalue().count("red") == 5
