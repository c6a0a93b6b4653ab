"""What a training consists of, new or gone on with, and how it will be run."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass

import torch

from ganzoo.artifacts.places import expanded
from ganzoo.config import options, parse_size
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import Feed, Streams, first_samples, make_feed
from ganzoo.data.files.found import RULES
from ganzoo.data.files.wanted import parse_pixels
from ganzoo.data.kinds import sample_kind
from ganzoo.draws import Draws, seeded
from ganzoo.engine.cpu.cores import usable_cores
from ganzoo.engine.distributed import (
    is_first,
    process_count,
    process_rank,
    synchronise_batch_norm,
)
from ganzoo.engine.engine import Engine
from ganzoo.engine.plan import count_iterations
from ganzoo.errors import GanzooError
from ganzoo.metrics.features.make import AUTO, chosen_features
from ganzoo.plugins import catalog
from ganzoo.runs.checkpoint import KEPT
from ganzoo.runs.load import published_weights
from ganzoo.runs.record import Noted, Record, rules
from ganzoo.training.exhibits import Exhibits
from ganzoo.training.few import watches_copies, words_of_unseen
from ganzoo.training.manner import choose_manner
from ganzoo.training.observer import Observer
from ganzoo.training.settings import Training
from ganzoo.training.watchdog import label_entropy
from ganzoo.variant import Variant

FRAMES = 24
"""Sample grids in a training, where the user does not say."""


@dataclass(frozen=True)
class Assembled:
    """A training before its first iteration, or before the state that it goes on from is loaded."""

    training: Training
    """With everything decided that was left open."""
    engine: Engine
    draws: Draws
    """Of this training, which begin with where the default generators stood."""
    streams: Streams
    """What its batches are drawn from."""
    record: Record
    """What ``run.json`` holds of it."""

    @property
    def kept(self) -> int:
        """Bytes that its checkpoints take at most, one that is being written included."""
        weights = sum(one.nbytes for one in published_weights(self.engine.variant).values())
        state = sum(one.nbytes for one in self.engine.state().values())
        best = 0 if self.training.evaluate_every is None else 2 * weights
        return (KEPT + 1) * (weights + state) + best


def assemble(
    variant: Variant,
    dataset: Dataset,
    training: Training,
    record: Record,
    observer: Observer,
) -> Assembled:
    """Put a training together.

    Args:
        variant: on its device.
        dataset: what it learns from.
        training: what was asked for.
        record: what is known of the run so far.
        observer: who watches.

    Raises:
        GanzooError: something that was asked for cannot be.
    """
    if training.sync_batch_norm:
        synchronise_batch_norm(variant)
    if training.threads is not None and training.threads > (cores := usable_cores()):
        observer.report(
            f"--threads {training.threads} is more than the {cores} there are for it, and more "
            f"would wait for each other: it is {cores}"
        )
    streams = variant.streams(dataset)
    feed = _feed(dataset, streams, training, variant.device)
    training = _with_features(_with_steps(training, variant, feed), dataset)
    assert training.steps is not None
    manner = choose_manner(training, record, variant)
    engine = Engine(variant, feed, training.steps, manner.execution, observer.report)
    if variant.batchwise and training.accumulate > 1:
        observer.report(
            f"--accumulate {training.accumulate} trains this variant differently, as it compares "
            "the samples of a batch, and each part of one is seen by itself"
        )
    record = {**record, **manner.record, "training": dataclasses.asdict(training)}
    return Assembled(training, engine, Draws(variant.device), streams, record)


def load_dataset(
    training: Training, observer: Observer, split: str = "train", by: int = RULES
) -> Dataset:
    """The data set that the settings name, and of its training split as many samples as they say.

    Args:
        training: the settings.
        observer: is told of what is left out, and the like.
        split: ``"train"`` or ``"test"``.
        by: the rules by which the run finds its files: see `ganzoo.data.files.found.RULES`.

    Raises:
        GanzooError: see `catalog.load`.
    """
    request = DataRequest(
        root=expanded(training.data_root) if training.data_root else None,
        split=split,
        image_size=parse_size(training.image_size),
        pixels=parse_pixels(training.pixels),
        rules=by,
        report=observer.tell,
    )
    assert training.dataset is not None
    dataset = catalog.load(training.dataset, request)
    if split != "train" or training.few is None:
        return dataset
    few = dataset.few(training.few)
    if words := words_of_unseen(few):
        observer.report(words)
    return few


def with_whole_root(training: Training) -> Training:
    """The settings with a ``--data-root`` that means the same in any other folder."""
    if training.data_root is None:
        return training
    return dataclasses.replace(training, data_root=os.path.realpath(expanded(training.data_root)))


def _with_steps(training: Training, variant: Variant, feed: Feed) -> Training:
    """The settings with everything decided that was left open."""
    steps = training.steps
    if training.epochs is not None:
        batches = training.epochs * feed.batches_per_epoch
        steps = count_iterations(variant, batches, feed.batch_size)
        options(Training)["steps"].convert(steps)  # which has an end
    assert steps is not None
    return dataclasses.replace(
        training,
        steps=steps,
        epochs=None,
        sample_every=training.sample_every or -(-steps // FRAMES),
    )


def _with_features(training: Training, dataset: Dataset) -> Training:
    """The settings with an extractor, so that a run which goes on is measured by the same one.

    Raises:
        GanzooError: there is none of the name that was asked for.
    """
    if training.evaluate_every is None or not dataset.spec.is_image:
        return training
    domains = (dataset.spec.group(number) for number in range(dataset.spec.domains))
    try:
        features = chosen_features(training.features, *domains)
    except GanzooError:
        if training.features != AUTO:
            raise
        return training  # what is lacking is said by what measures, as far as it can
    return dataclasses.replace(training, features=features)


def _feed(dataset: Dataset, streams: Streams, training: Training, device: torch.device) -> Feed:
    assert training.batch_size is not None
    return make_feed(
        dataset,
        training.batch_size,
        device=device,
        seed=training.seed,
        streams=streams,
        shard=(process_rank(), process_count()),
        flip=training.flip,
        crop=training.crop,
    )


def make_exhibits(assembled: Assembled, dataset: Dataset, observer: Observer) -> Exhibits:
    """What a training shows and measures besides what it learns from.

    Raises:
        GanzooError: what is to be measured cannot be.
    """
    training, variant = assembled.training, assembled.engine.variant
    examples = first_samples(
        assembled.streams, sample_kind(dataset.spec).shown, variant.device, dataset
    )
    by = rules(assembled.record)
    held_out = variant.held_out and is_first()
    test = load_dataset(training, observer, "test", by) if held_out else None
    quality, copying, class_entropy = None, None, None
    if watches_copies(dataset, training, variant) and is_first():
        from ganzoo.metrics.splits import samples_of  # imports are for who wants them
        from ganzoo.training.watching.copies import Copying

        copying = Copying(samples_of(dataset), training)
    if training.evaluate_every is not None and is_first():
        from ganzoo.metrics.during import make_quality  # likewise

        with seeded(training.seed, variant.device):  # what it draws is none of the training's
            quality = make_quality(variant, training, observer.tell, by)
        if dataset.classes:
            class_entropy = label_entropy(dataset.fields["label"])
    return Exhibits(dataset.spec, examples, dataset.modes, test, quality, copying, class_entropy)


def quality_record(exhibits: Exhibits) -> Noted:
    """How quality is measured, where it is, and which way is better: for who compares runs."""
    quality = exhibits.quality
    if quality is None:
        return {}
    return {"quality_protocol": quality.protocol, "quality_better": dict(quality.directions)}
