"""What is seen of a sweep while it runs."""

import io
from pathlib import Path

from rich.console import Console

from ganzoo.cli.sweeping import LiveTable, SweepDisplay
from ganzoo.jobs.executor import Handle
from ganzoo.sweeps.go import EVALUATING, FAILED, FINISHED, TRAINED, TRAINING, Row
from ganzoo.sweeps.plan import Trial


class Busy(Handle):
    def status(self) -> None:
        return None

    def stop(self) -> None: ...


def rows(n: int) -> list[Row]:
    """All waiting."""
    return [Row(Trial("v:v", {}, {"lr": number}, 0, Path("s"))) for number in range(n)]


def test_on_a_small_terminal_what_is_busy_or_went_wrong_is_seen() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=12)
    found = rows(30)
    found[20].state, found[20].handle, found[20].steps = TRAINING, Busy(), 100
    found[25].state, found[25].error = FAILED, "the disk is full"
    found[29].state = FINISHED
    table = LiveTable(console)
    table.look(found)
    console.print(table.render())
    assert isinstance(console.file, io.StringIO)
    out = console.file.getvalue()
    for words in ("lr=20_seed=0", "0/100", "lr=25_seed=0", "the disk is full", "2 of 30 runs done"):
        assert words in out
    assert len(out.splitlines()) <= 12


def test_elsewhere_it_is_a_line_when_something_happens() -> None:
    console = Console(file=io.StringIO(), width=500)
    display, found = SweepDisplay(console), rows(2)
    found[0].state, found[0].handle = TRAINING, Busy()
    display.changed(found[0])
    found[1].state, found[1].error, found[1].step = FAILED, "the disk is full", 3
    display.changed(found[1])
    display.look(found)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == (
        "lr=0_seed=0: training\nlr=1_seed=0: failed at step 3: the disk is full\n"
    )
    assert display.told(found) == "1 of 2 runs done, lr=0_seed=0 at step 0"


def test_no_time_is_left_where_nothing_but_evaluations_is() -> None:
    display, found = SweepDisplay(Console(file=io.StringIO(), width=500)), rows(3)
    for row in found:
        row.steps = 100
    found[0].state, found[0].step = TRAINING, 10
    display.look(found)
    found[0].step = 50
    display.look(found)
    assert display.told(found).endswith(" left")
    for row, state in zip(found, (FINISHED, EVALUATING, TRAINED), strict=True):
        row.state, row.step = state, 100
    display.look(found)
    assert display.told(found) == "1 of 3 runs done, 2 evaluations left"
