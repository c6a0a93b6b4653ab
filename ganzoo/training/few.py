"""What to tell who trains on few images."""

from __future__ import annotations

from ganzoo.config import AUGMENTATIONS, options
from ganzoo.data.dataset import Dataset
from ganzoo.errors import counted
from ganzoo.plugins.registry import registry
from ganzoo.spec import AugmentationSpec
from ganzoo.training.settings import Training

FEW = 2000
"""Images that D learns by heart within a training of usual length."""


def augmentation_for_few(config: object) -> str:
    """What to write after ``--augment``; empty: the variant has it already, or takes none.

    Args:
        config: its settings, as texts or as what they name.
    """
    named = [one for one in options(type(config)).values() if one.names == AUGMENTATIONS]
    if not named or any(getattr(config, one.name) for one in named):
        return ""
    advised = (
        spec.name
        for plugin in registry().plugins
        for spec in plugin.specs
        if plugin.usable and isinstance(spec, AugmentationSpec) and spec.for_few
    )
    return next(advised, "translation")


def warn_of_few(dataset: Dataset, training: Training, config: object) -> str:
    """A sentence for who trains on few images without what helps; empty: nothing is to be said."""
    if not dataset.spec.is_image or dataset.spec.domains > 1 or len(dataset) >= FEW:
        return ""
    advice = []
    if augmentation := augmentation_for_few(config):
        advice.append(f"--augment {augmentation} lets the discriminator see each one differently")
    if training.evaluate_every is None:
        advice.append("--evaluate-every says when samples begin to be copies")
    if not advice:
        return ""
    return (
        f"as few as {counted(len(dataset), 'image')} may be learned by heart: {', '.join(advice)}"
    )


def warn_of_whole(dataset: Dataset, training: Training) -> str:
    """A sentence where a batch is most of the set; empty: nothing is to be said."""
    size = training.batch_size
    if size is None or 2 * size <= len(dataset):
        return ""
    return (
        f"a batch of {size:,} is most of the {counted(len(dataset), 'sample')} there are, so that "
        "all steps see nearly the same: a smaller --batch-size makes more of them in the same time"
    )
