"""How long a training says that it goes on."""

from types import SimpleNamespace
from typing import Any

import pytest

from ganzoo.schedules import ONLY_STAGE, Progress, Stage
from ganzoo.training.observer import QualityRecord, Record
from ganzoo.training.watching import remaining
from ganzoo.training.watching.remaining import Remaining
from ganzoo.variant import Variant


class Clock:
    """Stands still until it is told to go on."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(remaining, "time", made)
    return made


class Plain:
    stage = Variant.stage


class Growing:
    """Of three stages, which begin at 0, 40 and 80 images."""

    def stage(self, now: Progress) -> Stage:
        return Stage(min(now.images // 40, 2))


def begun(variant: object, steps: int, every: int | None = None) -> tuple[Remaining, Any]:
    """A training of batches of two that nothing was done of."""
    stage = Stage(0) if isinstance(variant, Growing) else ONLY_STAGE
    engine = SimpleNamespace(
        variant=variant,
        iteration=0,
        iterations=steps,
        images_seen=0,
        stage=stage,
        feed=SimpleNamespace(batch_size=2),
    )
    found = Remaining()
    start: Any = SimpleNamespace(engine=engine, training=SimpleNamespace(evaluate_every=every))
    found.started(start)
    return found, engine


def log(found: Remaining, engine: Any, step: int) -> None:
    engine.iteration, engine.images_seen = step, 2 * step
    found.logged(Record(step, {}, 1.0, 1))


def test_evaluations_count_as_long_as_the_last(clock: Clock) -> None:
    found, engine = begun(Plain(), 25, every=10)  # at 10, at 20 and at the end
    assert str(found) == "? left"
    clock.now = 10
    log(found, engine, 10)
    assert str(found) == "0:00:15 and 3 evaluations left"
    found.evaluating(10)
    assert str(found) == "evaluating"
    clock.now = 40
    found.evaluated(QualityRecord(10, {}, None, 30.0))
    assert str(found) == "0:01:15 left"
    clock.now = 50
    log(found, engine, 20)  # a step takes a second still
    assert str(found) == "0:01:05 left"


def test_before_it_has_begun_nothing_is_known() -> None:
    assert str(Remaining()) == "? left"


def test_at_the_last_step_what_is_left_is_to_evaluate(clock: Clock) -> None:
    found, engine = begun(Plain(), 10, every=10)
    clock.now = 10
    log(found, engine, 10)
    assert str(found) == "1 evaluation left"
    found.evaluated(QualityRecord(10, {}, None, 1.0))
    assert str(found) == "0:00:00 left"
    found, engine = begun(Plain(), 20, every=10)
    clock.now = 20
    log(found, engine, 10)
    found.evaluated(QualityRecord(10, {}, None, 21.0))
    clock.now = 51
    log(found, engine, 20)
    assert str(found) == "1 evaluation, 0:00:21, left"  # it was '0:00:21 left' of no step


def test_of_later_stages_nothing_is_promised(clock: Clock) -> None:
    found, engine = begun(Growing(), 60)
    clock.now = 10
    log(found, engine, 10)
    assert str(found) == "0:00:10 left in this stage, then 2 more"
    engine.stage = Stage(1)
    clock.now = 110  # a step takes ten seconds now
    log(found, engine, 20)
    assert str(found) == "0:03:20 left in this stage, then 1 more"
    engine.stage = Stage(2)
    clock.now = 1110
    log(found, engine, 50)
    assert str(found).endswith("0:05:33 left")
