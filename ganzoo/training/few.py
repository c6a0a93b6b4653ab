"""What a training of few images has besides: a discriminator that sees each one differently."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TypeVar

from ganzoo.abilities import can
from ganzoo.config import AUGMENTATIONS, options
from ganzoo.data.dataset import Dataset
from ganzoo.draws import seeded
from ganzoo.errors import GanzooError, counted
from ganzoo.plugins.equip import NONE, equipped
from ganzoo.plugins.registry import registry
from ganzoo.runs.logged import COPIES
from ganzoo.spec import AugmentationSpec, DataSpec
from ganzoo.training.settings import Training
from ganzoo.variant import Variant

C = TypeVar("C")

FEW = 2000
"""Images that D learns by heart within a training of usual length."""
SHOWN = 5
"""Classes that a sentence names."""
TRANSLATION = "translation"
"""What moves images, which is always there, where no plugin has an augmentation for few."""


def few_images(dataset: Dataset) -> bool:
    """Whether they may be learned by heart: images of one set, fewer than `FEW`."""
    return dataset.spec.is_image and dataset.spec.domains == 1 and len(dataset) < FEW


def watches_copies(dataset: Dataset, training: Training, variant: Variant) -> bool:
    """Whether copies are looked for at grids, as nobody asks for measurements of quality."""
    if training.evaluate_every is not None or not few_images(dataset) or len(dataset) < 2:
        return False
    with seeded(training.seed, variant.device):  # what is drawn is none of the training's
        return can(variant, "sampler")


def augmentation_setting(config: type) -> str:
    """The name of the setting of augmentations; empty: the variant takes none."""
    named = (one.name for one in options(config).values() if one.names == AUGMENTATIONS)
    return next(named, "")


def augmented(config: C, data: DataSpec) -> C:
    """The settings for few images: with an augmentation, where nobody has chosen one or none.

    It is the first that declares to be for few samples, and suits these data.

    Args:
        config: a variant's settings as texts, in which None is no choice.
        data: images.

    Returns:
        The same settings, where the variant takes no augmentation, or one is chosen.
    """
    name = augmentation_setting(type(config))
    if not name or getattr(config, name) is not None:
        return config
    for augmentation in _for_few():
        chosen = dataclasses.replace(config, **{name: augmentation})  # type: ignore[type-var]
        try:
            parts = getattr(equipped(chosen), name).values()
            for part in parts:
                part.check(data)
        except GanzooError:  # of other data, or damaged
            continue
        if not any(part.observes for part in parts):  # which not every loss lets it
            return chosen
    return config


def _for_few() -> Iterator[str]:
    for row in registry().augmentations():
        if row.usable and isinstance(row.spec, AugmentationSpec) and row.spec.for_few:
            yield row.qualified if row.rivals else row.spec.name
    yield TRANSLATION


def words_of_few(dataset: Dataset, config: object, *, watched: bool) -> str:
    """What is to be said of few images, in a sentence; empty: there are not few.

    Args:
        dataset: what is trained on.
        config: the variant's settings, as texts.
        watched: see `watches_copies`.
    """
    if not few_images(dataset):
        return ""
    name, said = augmentation_setting(type(config)), []
    chosen = getattr(config, name) if name else None
    if chosen is not None:
        flag = options(type(config))[name].flag
        said.append(
            f"{flag} {NONE} has the discriminator see them as they are"
            if chosen.strip() == NONE
            else f"{flag} {chosen} is on, by which the discriminator sees each one differently "
            f"({flag} {NONE} turns it off)"
        )
    if watched:
        said.append(
            "copies of them among the samples are counted while it trains, which is said once "
            f"they begin ({COPIES})"
        )
    few = f"as few as {counted(len(dataset), 'image')} may be learned by heart"
    return f"{few}: {', and '.join(said)}" if said else few


def words_of_unseen(dataset: Dataset) -> str:
    """A sentence where ``--few`` has left classes without a sample; empty: it has not."""
    names, label = dataset.spec.class_names, dataset.tensors.get("label")
    if label is None or not (unseen := {*range(len(names))} - {*label.tolist()}):
        return ""
    shown = ", ".join(f"'{names[number]}'" for number in sorted(unseen)[:SHOWN])
    more = f" and {len(unseen) - SHOWN:,} more" if len(unseen) > SHOWN else ""
    return (
        f"of {counted(len(unseen), 'class')} nothing is among the {len(dataset):,} samples of "
        f"--few ({shown}{more}): what is drawn of them later was never learned"
    )


def words_of_whole(dataset: Dataset, training: Training) -> str:
    """A sentence where a batch is most of the set; empty: nothing is to be said."""
    size = training.batch_size
    if size is None or 2 * size <= len(dataset):
        return ""
    return (
        f"a batch of {size:,} is most of the {counted(len(dataset), 'sample')} there are, so that "
        "all steps see nearly the same: a smaller --batch-size makes more of them in the same time"
    )
