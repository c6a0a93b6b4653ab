"""What a plugin can register: the whole interface between ganzoo and a plugin's `__init__`.

A plugin is a distribution with an entry point in the group ``ganzoo``. The module that it names
imports no torch; it implements any of these hooks with `ganzoo.hookimpl`. Hooks take no arguments:
growth goes into optional fields of the specs.
"""

from collections.abc import Iterable

import pluggy

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

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def ganzoo_register_variants() -> Iterable[VariantSpec]:  # type: ignore[empty-body]
    """The GANs that this plugin offers to ``ganzoo train``."""


@hookspec
def ganzoo_register_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """The data sets that this plugin offers to ``--dataset``."""


@hookspec
def ganzoo_register_losses() -> Iterable[LossSpec]:  # type: ignore[empty-body]
    """The adversarial losses that this plugin offers to ``--loss``."""


@hookspec
def ganzoo_register_regularisers() -> Iterable[RegulariserSpec]:  # type: ignore[empty-body]
    """The terms of D's loss that this plugin offers to ``--regulariser``."""


@hookspec
def ganzoo_register_augmentations() -> Iterable[AugmentationSpec]:  # type: ignore[empty-body]
    """The changes of what D sees that this plugin offers to ``--augment``."""


@hookspec
def ganzoo_register_evaluators() -> Iterable[EvaluatorSpec]:  # type: ignore[empty-body]
    """The evaluators that this plugin offers to ``ganzoo evaluate`` and ``--evaluate-every``."""


@hookspec
def ganzoo_register_extractors() -> Iterable[ExtractorSpec]:  # type: ignore[empty-body]
    """What this plugin offers to ``--features``: by what it sees, images are compared."""


@hookspec
def ganzoo_register_loggers() -> Iterable[LoggerSpec]:  # type: ignore[empty-body]
    """The loggers that this plugin offers to ``--log-to``, beside ``metrics.jsonl``."""


@hookspec
def ganzoo_register_executors() -> Iterable[ExecutorSpec]:  # type: ignore[empty-body]
    """What this plugin offers to ``--executor`` of ``ganzoo sweep``, to run many trainings."""
