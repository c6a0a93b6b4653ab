"""A zoo of generative adversarial networks: one engine, and each variant a plugin."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError
from ganzoo.hookspecs import hookimpl
from ganzoo.spec import (
    Advice,
    AugmentationSpec,
    DatasetSpec,
    DataSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    Field,
    LoggerSpec,
    LossSpec,
    Need,
    RegulariserSpec,
    VariantSpec,
)

if TYPE_CHECKING:
    from ganzoo.adversarial import Adversarial, AdversarialConfig
    from ganzoo.artifacts.gallery import Gallery
    from ganzoo.config import option
    from ganzoo.data.dataset import DataRequest, Dataset, Truth
    from ganzoo.library.samples import Samples
    from ganzoo.library.trained import TrainedRun, open_run
    from ganzoo.library.training import forecast, train
    from ganzoo.losses import AdversarialLoss
    from ganzoo.networks import Discriminator, Generator
    from ganzoo.schedules import Average, Progress, Stage, Upkeep
    from ganzoo.sweeps.sweep import Sweep, sweep
    from ganzoo.variant import SGD, Adam, AdamW, Batch, Phase, Player, RMSprop, Variant

_LATER = {
    "ganzoo.adversarial": ("Adversarial", "AdversarialConfig"),
    "ganzoo.artifacts.gallery": ("Gallery",),
    "ganzoo.config": ("option",),
    "ganzoo.data.dataset": ("DataRequest", "Dataset", "Truth"),
    "ganzoo.library.samples": ("Samples",),
    "ganzoo.library.trained": ("TrainedRun", "open_run"),
    "ganzoo.library.training": ("forecast", "train"),
    "ganzoo.losses": ("AdversarialLoss",),
    "ganzoo.networks": ("Discriminator", "Generator"),
    "ganzoo.variant": (
        "SGD",
        "Adam",
        "AdamW",
        "Batch",
        "Phase",
        "Player",
        "RMSprop",
        "Variant",
    ),
    "ganzoo.schedules": ("Average", "Progress", "Stage", "Upkeep"),
    "ganzoo.sweeps.sweep": ("Sweep", "sweep"),
}

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Adversarial",
    "AdversarialConfig",
    "AdversarialLoss",
    "Advice",
    "AugmentationSpec",
    "Average",
    "Batch",
    "DataRequest",
    "DataSpec",
    "Dataset",
    "DatasetSpec",
    "Discriminator",
    "EvaluatorSpec",
    "ExecutorSpec",
    "ExtractorSpec",
    "Field",
    "Gallery",
    "GanzooError",
    "Generator",
    "LoggerSpec",
    "LossSpec",
    "Need",
    "Phase",
    "Player",
    "Progress",
    "RMSprop",
    "RegulariserSpec",
    "Samples",
    "Stage",
    "Sweep",
    "TrainedRun",
    "Truth",
    "Upkeep",
    "Variant",
    "VariantSpec",
    "forecast",
    "hookimpl",
    "open_run",
    "option",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import what only a variant needs, torch above all, when it is first used (PEP 562)."""
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")
