"""How long evaluations will take: parts of one are tried, and nothing of it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ganzoo.data.files.found import RULES
from ganzoo.metrics.ahead.check import make_exam
from ganzoo.metrics.catalogue import Known, suitable
from ganzoo.metrics.during import AMOUNTS, Settings, Watch, make_quality
from ganzoo.metrics.evaluate import MADE_OF_REAL, drawn_for
from ganzoo.metrics.evaluator import FEATURES, MADE, SAMPLES, Evaluator
from ganzoo.metrics.exam import Amounts, Exam
from ganzoo.metrics.features.teaching import rehearsing
from ganzoo.metrics.form import as_stored
from ganzoo.runs.generate import Drawing, Drawn, draw_latents, make
from ganzoo.variant import Variant

FEW = 16
"""Samples that are drawn, or made of real ones, to know how long each takes."""
JUDGED = 500
"""Samples by which it is known how long all of an evaluation of a run are judged."""

Use = Callable[[Evaluator, Exam], object]


@dataclass(frozen=True)
class Cost:
    """Of evaluations, in seconds, about."""

    each: float
    once: float
    """Before the first: to train the classifiers that are not there yet."""
    classifiers: int


def cost_of_watching(
    variant: Variant, training: Settings, report: Callable[[str], None], rules: int = RULES
) -> Cost:
    """What ``--evaluate-every`` takes; raises as `make_quality` does.

    Args:
        variant: in eval mode.
        training: names the data.
        report: is told what is found of them.
        rules: see `make_quality`.
    """
    amounts = Amounts(AMOUNTS.drawn, AMOUNTS.real, FEW)
    with rehearsing() as once:
        watch = make_quality(variant, training, report, rules, amounts)
        assert isinstance(watch, Watch)
        if any(FEATURES in known.evaluator.looks_at for known in watch.taken):
            _ = watch.ground.many.features  # which later evaluations find there
        exam = Exam(watch.ground, variant)
        each = _seconds(exam, watch.taken, AMOUNTS, lambda evaluator, exam: evaluator.watch(exam))
    return Cost(each, sum(once), len(once))


def cost_of_judging(variant: Variant, training: Settings, report: Callable[[str], None]) -> Cost:
    """What ``ganzoo evaluate`` takes of a run of this variant, which is in eval mode."""
    with rehearsing() as once:
        exam = make_exam(variant, training, report, Amounts(JUDGED, JUDGED, FEW))
        drawn = drawn_for(len(exam.ground.real))
        whole = Amounts(drawn, drawn, MADE_OF_REAL)
        each = _seconds(exam, [*suitable(exam)], whole, lambda one, exam: [*one.judge(exam)])
    return Cost(each, sum(once), len(once))


def _seconds(exam: Exam, taken: Sequence[Known], whole: Amounts, use: Use) -> float:
    """Of one evaluation with `whole` amounts, by one with those of an exam."""
    seconds, amounts = 0.0, exam.ground.amounts
    if exam.can("sampler") and any(SAMPLES in known.evaluator.looks_at for known in taken):
        begun = time.perf_counter()
        exam = Exam(exam.ground, exam.variant, _repeated(exam, min(amounts.drawn, whole.drawn)))
        seconds += (time.perf_counter() - begun) * whole.drawn / FEW
    made = Exam(exam.ground, exam.variant).made
    for known in taken:
        begun = time.perf_counter()
        use(known.evaluator, exam)
        judged = time.perf_counter() - begun
        if MADE in known.evaluator.looks_at:
            there = min(whole.made, len(exam.ground.real))
            seconds += judged * there / max(1, made)
        else:
            seconds += judged * whole.drawn / min(amounts.drawn, whole.drawn)
    return seconds


def _repeated(exam: Exam, count: int) -> Drawn:
    """A few samples as if they were many."""
    variant = exam.variant
    assert variant is not None
    drawing = Drawing(seed=0)
    latents = draw_latents(variant, range(FEW), drawing)
    (few,) = make(variant, latents, drawing)
    rows = torch.arange(count) % FEW
    samples = as_stored(exam.ground.real.spec.sample, few.samples)[rows]
    return Drawn(samples, None if few.labels is None else few.labels[rows])
