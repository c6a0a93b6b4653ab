"""What a spec's target must be, whatever it does when it is used."""

from typing import Any

from ganzoo.augmentations import SeenAugmentation
from ganzoo.config import check_config
from ganzoo.errors import GanzooError
from ganzoo.losses import AdversarialLoss
from ganzoo.plugins.discovery import Spec
from ganzoo.regularisers import Regulariser
from ganzoo.spec import (
    AugmentationSpec,
    DatasetSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    LoggerSpec,
    LossSpec,
    RegulariserSpec,
    VariantSpec,
)
from ganzoo.variant import Variant

TAKEN = frozenset(
    [
        "variant",
        "out",
        "resume",
        "config",
        "help",
        "accumulate",
        "batch_size",
        "checkpoint_every",
        "crop",
        "data_root",
        "dataset",
        "device",
        "dry_run",
        "epochs",
        "evaluate_every",
        "features",
        "few",
        "flip",
        "freeze",
        "image_size",
        "init",
        "log_every",
        "log_to",
        "mode",
        "on_collapse",
        "pixels",
        "precision",
        "recompute",
        "sample_every",
        "seed",
        "steps",
        "sync_batch_norm",
        "threads",
        "no_flip",
        "no_recompute",
        "no_sync_batch_norm",
    ]
)
"""The flags of ``ganzoo train`` itself, which no setting of a variant may be called like."""


TAKEN_BY_SAMPLE = frozenset(
    [
        *("run", "n", "out", "format", "form", "label", "seed", "device", "help", "checkpoint"),
        *("truncation", "only", "around", "spread", "columns", "scale"),
        *("between", "frames", "loop"),
    ]
)
"""Likewise of ``ganzoo sample`` and ``ganzoo walk``."""


def check_target(spec: Spec, found: Any) -> None:
    """See whether what a spec's target names is of the spec's kind.

    Raises:
        GanzooError: it is not, or a variant's `Config` cannot be used.
    """
    match spec:
        case VariantSpec():
            _check_variant(spec.target, found)
        case DatasetSpec():
            if not callable(found):
                raise GanzooError(
                    f"{spec.target} is {_described(found)}: it must be a function "
                    "(DataRequest) -> Dataset"
                )
        case LossSpec():
            _check_loss(spec.target, found)
        case EvaluatorSpec():
            if isinstance(found, type) or not callable(getattr(found, "judge", None)):
                raise GanzooError(
                    f"{spec.target} is {_described(found)}: it must be an instance of a subclass "
                    "of ganzoo.metrics.evaluator.Evaluator"
                )
        case RegulariserSpec():
            _check_part(spec.target, found, Regulariser)
        case AugmentationSpec():
            _check_part(spec.target, found, SeenAugmentation)
        case ExtractorSpec():
            if isinstance(found, type) or not callable(getattr(found, "make", None)):
                raise GanzooError(
                    f"{spec.target} is {_described(found)}: it must be an instance of a subclass "
                    "of ganzoo.metrics.features.source.Source"
                )
        case LoggerSpec():
            if not (isinstance(found, type) and callable(getattr(found, "logged", None))):
                raise GanzooError(
                    f"{spec.target} is {_described(found)}: it must be a subclass of "
                    "ganzoo.training.observer.Observer"
                )
        case ExecutorSpec():
            _check_executor(spec.target, found)


def _check_executor(target: str, found: Any) -> None:
    """See whether what is found is a class of executors, which have settings."""
    if not (isinstance(found, type) and callable(getattr(found, "submit", None))):
        raise GanzooError(
            f"{target} is {_described(found)}: it must be a subclass of "
            "ganzoo.jobs.executor.Executor"
        )
    check_config(found, frozenset())


def _check_loss(target: str, found: Any) -> None:
    """See whether what is found is a loss, or a class of losses that have settings."""
    if isinstance(found, type) and issubclass(found, AdversarialLoss) and hasattr(found, "Config"):
        check_config(found, frozenset())
    elif not isinstance(found, AdversarialLoss):
        raise GanzooError(
            f"{target} is {_described(found)}: it must be an instance of "
            "ganzoo.AdversarialLoss(discriminator, generator), or a subclass with a Config"
        )


def _check_part(target: str, found: Any, base: type) -> None:
    """See whether what is found is a class that ``NAME:SETTING=VALUE`` can make one of."""
    if not (isinstance(found, type) and issubclass(found, base)):
        raise GanzooError(
            f"{target} is {_described(found)}: it must be a subclass of "
            f"{base.__module__}.{base.__name__}"
        )
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise GanzooError(f"{target} lacks {' and '.join(missing)}: each of its kind defines them")
    check_config(found, frozenset())


def _check_variant(target: str, found: Any) -> None:
    if not (isinstance(found, type) and issubclass(found, Variant)):
        raise GanzooError(
            f"{target} is {_described(found)}: it must be a subclass of ganzoo.Variant"
        )
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise GanzooError(f"{target} lacks {' and '.join(missing)}: every variant defines them")
    check_config(found, TAKEN)
    if found.Sampling is not None:
        check_config(found, TAKEN_BY_SAMPLE, "Sampling", "sample")


def _described(found: Any) -> str:
    """What was found in place of what was expected."""
    if isinstance(found, type):
        return f"the class {found.__name__}"
    return f"of type {type(found).__name__}"
