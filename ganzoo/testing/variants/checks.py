"""All that a variant must do, in the order in which it is checked."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from ganzoo.draws import seeded
from ganzoo.testing.variants import (
    declaration,
    device,
    gradients,
    pictures,
    play,
    repeat,
    samples,
    stages,
    structure,
)
from ganzoo.testing.variants.subject import CPU, VariantChecks, VariantSubject

__all__ = ["VARIANT_CHECKS", "VariantSubject"]

VARIANT_CHECKS = VariantChecks()


def _undisturbed(run: Callable[[VariantSubject], None]) -> Callable[[VariantSubject], None]:
    """The same from a random state of its own, and without a trace in the caller's."""

    @wraps(run)
    def undisturbed(subject: VariantSubject) -> None:
        with seeded(0, CPU):
            run(subject)

    return undisturbed


for group in (
    declaration,
    structure,
    play,
    samples,
    pictures,
    repeat,
    stages,
    gradients,
    device,
):
    VARIANT_CHECKS.all += [
        replace(check, run=_undisturbed(check.run)) for check in group.CHECKS.all
    ]
