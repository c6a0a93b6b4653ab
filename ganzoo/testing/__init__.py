"""The conformance kit: what a variant, a data set or a loss must do to work with every command.

``ganzoo check NAME`` prints what these functions find; in a plugin's own tests one line does::

    from ganzoo.testing import check_variant

    def test_it_conforms() -> None:
        check_variant("lsgan")
"""

from ganzoo.testing.check import Check, Outcome, Verdict
from ganzoo.testing.kit import (
    NonConforming,
    augmentation_verdicts,
    check_augmentation,
    check_dataset,
    check_evaluator,
    check_executor,
    check_extractor,
    check_logger,
    check_loss,
    check_regulariser,
    check_variant,
    dataset_verdicts,
    evaluator_verdicts,
    executor_verdicts,
    extractor_verdicts,
    logger_verdicts,
    loss_verdicts,
    regulariser_verdicts,
    variant_verdicts,
)

__all__ = [
    "Check",
    "NonConforming",
    "Outcome",
    "Verdict",
    "augmentation_verdicts",
    "check_augmentation",
    "check_dataset",
    "check_evaluator",
    "check_executor",
    "check_extractor",
    "check_logger",
    "check_loss",
    "check_regulariser",
    "check_variant",
    "dataset_verdicts",
    "evaluator_verdicts",
    "executor_verdicts",
    "extractor_verdicts",
    "logger_verdicts",
    "loss_verdicts",
    "regulariser_verdicts",
    "variant_verdicts",
]
