"""The kit's checks of evaluators: what is sound passes, and each can fail."""

import random
from collections.abc import Iterable
from typing import Any

import pytest

from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.exam import Exam
from ganzoo.metrics.score import HIGHER, Score, ScoreKind
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.spec import EvaluatorSpec
from ganzoo.testing import check_evaluator, evaluator_verdicts
from ganzoo.testing.check import Outcome
from ganzoo.testing.evaluators.checks import EVALUATOR_CHECKS, EvaluatorSubject

SAMPLERS = [
    row.spec.name
    for row in registry().evaluators()
    if row.spec.ability == "sampler" and row.spec.name not in ("truncation", "w-path", "couples")
]
"""Those that judge any sampler, and not only one of their own plugin's."""


@pytest.mark.parametrize("name", [row.spec.name for row in registry().evaluators()])
def test_installed_evaluators_conform(name: str) -> None:
    verdicts = {verdict.check: verdict.outcome for verdict in evaluator_verdicts(name)}
    assert [*verdicts] == [check.name for check in EVALUATOR_CHECKS.all]
    assert (verdicts["judging"] is Outcome.OK) == (name in SAMPLERS)
    check_evaluator(name)


class Sound(Evaluator):
    scores: tuple[ScoreKind, ...] = (ScoreKind("light", HIGHER, "how light samples are"),)
    quick = True
    criterion = "light"

    def judge(self, exam: Exam) -> Iterable[Score]:
        yield self.scores[0].of(exam.drawn.samples.double().mean().item())


class Twice(Sound):
    scores = Sound.scores * 2


class Unsaid(Sound):
    scores = (ScoreKind("light", HIGHER, " "),)


class Undecided(Sound):
    criterion = "dark"


class Undeclared(Sound):
    def judge(self, exam: Exam) -> Iterable[Score]:
        yield Score("dark", 1.0, HIGHER)


class Endless(Sound):
    def judge(self, exam: Exam) -> Iterable[Score]:
        yield self.scores[0].of(float("nan"))


class Moody(Sound):
    def judge(self, exam: Exam) -> Iterable[Score]:
        yield self.scores[0].of(random.random())


class Watches(Sound):
    def watch(self, exam: Exam) -> dict[str, float]:
        return {"light": float("inf")}


SOUND, TWICE, UNSAID, UNDECIDED = Sound(), Twice(), Unsaid(), Undecided()
UNDECLARED, ENDLESS, MOODY, WATCHES = Undeclared(), Endless(), Moody(), Watches()


def failures(target: str, **changes: Any) -> dict[str, str]:
    given = {"title": "a toy", "kinds": ("image",)} | changes
    spec = EvaluatorSpec("toy", f"{__name__}:{target}", **given)
    verdicts = EVALUATOR_CHECKS.verdicts(EvaluatorSubject(Registered(spec, registry().plugins[0])))
    return {v.check: v.message for v in verdicts if v.outcome is Outcome.FAILED}


def test_what_is_sound_passes() -> None:
    assert failures("SOUND") == {}


@pytest.mark.parametrize(
    ("target", "check", "message"),
    [
        ("TWICE", "scores", "two of its scores have one name"),
        ("UNSAID", "scores", "say what it means"),
        ("UNDECIDED", "scores", "its criterion 'dark' decides nothing"),
        ("UNDECLARED", "judging", "it says 'dark', which it does not declare"),
        ("ENDLESS", "judging", "it says that light of real samples is nan"),
        ("MOODY", "judging", "it says something else each time"),
        ("WATCHES", "judging", "watch() says that light of real samples is inf"),
        ("Sound", "target", "must be an instance"),
    ],
)
def test_each_check_fails_what_is_broken(target: str, check: str, message: str) -> None:
    found = failures(target)
    assert [*found] == [check]
    assert message in found[check]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "has no title"),
        ({"ability": "singer"}, "judges the ability 'singer', which is none"),
        ({"paper": "arxiv"}, "give a link"),
    ],
)
def test_a_bad_spec_fails(changes: dict[str, Any], message: str) -> None:
    assert message in failures("SOUND", **changes)["spec"]
