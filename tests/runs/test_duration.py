"""For how long a run was trained, whatever was done to the clock meanwhile."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from helpers.cli import train_tiny

from ganzoo.runs import run as module
from ganzoo.runs.duration import training_seconds
from ganzoo.runs.run import Run

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("leap", [HOUR, -HOUR, 400_000 * HOUR])
def test_a_clock_that_is_set_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leap: timedelta
) -> None:
    """An hour of spring, or of autumn, and a machine that begins in 1970 and asks for the time."""
    run = Run.open(train_tiny(tmp_path / "run"))
    (run.path / "log.txt").unlink()
    clock = {"now": datetime(1980, 1, 1), "ticks": 5.0}

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return clock["now"]  # type: ignore[return-value]

    monkeypatch.setattr(module, "datetime", Clock)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock["ticks"])

    def later(seconds: int, by: timedelta = timedelta()) -> None:
        clock["now"] += timedelta(seconds=seconds) + by  # type: ignore[operator, assignment]
        clock["ticks"] += seconds  # type: ignore[operator]

    run.log("step 0 of 9: training")
    later(30)
    run.log("step 3: stopped")
    run.log("step 3 of 9: training")
    later(20)
    run.log("step 4: samples")
    later(40, leap)
    run.log("step 6: samples")
    later(5)
    run.log("step 9: finished")
    assert (run.path / "log.txt").read_text().count("the clock leapt by ") == 1
    assert training_seconds(run.path) == 30 + 65
