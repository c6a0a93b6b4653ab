"""All that a variant must do, in the order in which it is checked."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from ganzoo.engine.device import seeded
from ganzoo.testing import (
    variant_declaration,
    variant_device,
    variant_gradients,
    variant_play,
    variant_repeat,
    variant_samples,
    variant_structure,
)
from ganzoo.testing.subject import CPU, VariantChecks, VariantSubject

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
    variant_declaration,
    variant_structure,
    variant_play,
    variant_samples,
    variant_repeat,
    variant_gradients,
    variant_device,
):
    VARIANT_CHECKS.all += [
        replace(check, run=_undisturbed(check.run)) for check in group.CHECKS.all
    ]
