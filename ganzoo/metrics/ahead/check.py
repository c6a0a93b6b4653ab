"""Whether a run can be evaluated, found out before it is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ganzoo.config import parse_size
from ganzoo.data.files.found import RULES
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.errors import GanzooError
from ganzoo.metrics.catalogue import suitable
from ganzoo.metrics.during import Settings
from ganzoo.metrics.evaluate import Wish, make_ground
from ganzoo.metrics.exam import Amounts, Exam
from ganzoo.metrics.splits import load_splits
from ganzoo.variant import Variant

FEW = Amounts(100, 100, 16)
"""As many samples as show whether they could be judged."""


def make_exam(
    variant: Variant, training: Settings, report: Callable[[str], None], amounts: Amounts
) -> Exam:
    """What ``ganzoo evaluate`` would do with a run, with other amounts.

    Args:
        variant: in eval mode.
        training: names the data.
        report: is told what is found of them, and that a classifier is trained.
        amounts: of samples.

    Raises:
        GanzooError: the data have no test split, or the like.
    """
    assert training.dataset is not None
    root = Path(training.data_root) if training.data_root else None
    splits = load_splits(
        *(training.dataset, root, parse_size(training.image_size), report, training.few),
        pixels=parse_pixels(training.pixels),
        rules=RULES,
    )
    wish = Wish(variant.device, report=report)
    return Exam(make_ground(splits, wish, amounts.drawn, amounts.made), variant)


def check_judged(variant: Variant, training: Settings, report: Callable[[str], None]) -> None:
    """See whether a run can be evaluated; what that takes once, a classifier, is trained now.

    Raises:
        GanzooError: it cannot, or only without what looks at its samples.
    """
    exam = make_exam(variant, training, report, FEW)
    if exam.kind == "image" and exam.can("sampler") and exam.ground.blindness:
        raise GanzooError(exam.ground.blindness)
    if not any(True for _ in suitable(exam)):
        raise GanzooError(f"nothing measures what this variant makes of '{training.dataset}'")
