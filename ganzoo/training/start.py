"""A new training, from what the user asked for: all is checked before anything is written."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo.config import build, options, unknown_setting
from ganzoo.data.dataset import Dataset
from ganzoo.data.needs import check_suits
from ganzoo.draws import drawing_anew
from ganzoo.engine.device import pick_device
from ganzoo.engine.distributed import (
    from_first,
    is_first,
    own_device,
    process_count,
    seed_own,
)
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.registered import noting
from ganzoo.plugins.registry import registry
from ganzoo.runs.initial import initialise
from ganzoo.runs.load import build_variant
from ganzoo.runs.ownership import fingerprint
from ganzoo.runs.record import FORMAT, Record, describe_data
from ganzoo.runs.room import check_room
from ganzoo.runs.run import Run, SharedRun, check_free
from ganzoo.training.assemble import (
    Assembled,
    assemble,
    load_dataset,
    make_exhibits,
    quality_record,
    with_whole_root,
)
from ganzoo.training.few import (
    augmented,
    few_images,
    watches_copies,
    words_of_few,
    words_of_whole,
)
from ganzoo.training.freezing import freeze_layers
from ganzoo.training.manner import device_name
from ganzoo.training.observer import Observer
from ganzoo.training.settings import RESUMABLE, Training
from ganzoo.training.trainer import Trainer
from ganzoo.training.watching.apart import Aside
from ganzoo.training.watching.loggers import with_loggers
from ganzoo.variant import Variant, players_of


@dataclass(frozen=True)
class Prepared:
    """A new training before anything of it is written, or measured."""

    name: str
    """Of its run's folder, where the user gives none."""
    assembled: Assembled
    dataset: Dataset
    observer: Observer
    """Who watches, loggers included."""


def start(
    name: str,
    given: Mapping[str, object],
    out: Path | None = None,
    observer: Observer | None = None,
) -> Trainer:
    """Set up a new training.

    Args:
        name: of the variant.
        given: what the user set, of `Training` and of the variant's `Config`, by field name.
        out: the run's own directory; None: the next number under ``runs/``.
        observer: who watches.

    Raises:
        GanzooError: something that was asked for cannot be; nothing is left behind.
    """
    if out is not None and is_first():
        check_free(out)
    with noting() as plugins:
        prepared = prepare(name, given, observer or Observer(), plugins)
        assembled, observer = prepared.assembled, prepared.observer
        check_room(out or Path("runs"), assembled.kept)
        exhibits = make_exhibits(assembled, prepared.dataset, observer)
        record: Record = {**assembled.record, **quality_record(exhibits)}
        record["fingerprint"] = fingerprint(record, without=RESUMABLE)
        run = _create_run(out, prepared.name, record)
        return Trainer(run, assembled, observer, exhibits)


def prepare(
    name: str, given: Mapping[str, object], observer: Observer, plugins: dict[str, str]
) -> Prepared:
    """Load the data and make the networks of a new training; see `start`.

    Args:
        name: see `start`.
        given: see `start`.
        observer: who watches.
        plugins: what `noting` notes, of which the record is to tell.

    Raises:
        GanzooError: something that was asked for cannot be.
    """
    registered = registry().variant(name)
    cls: type[Variant] = registered.load()
    given = {"dataset": catalog.default_for(registered.spec)} | dict(given)
    training, _ = _split(given, cls)
    training = with_whole_root(training)  # whose files are called the same in every sentence
    observer = with_loggers(observer, training)
    if training.steps is not None and training.epochs is not None:
        raise GanzooError("--steps and --epochs both say how long to train: give one of them")
    device = own_device(pick_device(training.device))
    dataset = load_dataset(training, observer)
    check_suits(registered.spec, dataset.spec)
    recipe = cls.recipe(dataset.spec)
    recipe["batch_size"] = min(recipe["batch_size"], len(dataset))
    if training.epochs is not None:
        del recipe["steps"]
    training, asked = _split(recipe | given, cls)
    training = with_whole_root(training)
    assert training.dataset is not None
    config = augmented(asked, dataset.spec) if few_images(dataset) else asked
    record: Record = {
        "format": FORMAT,
        "variant": {
            "name": registered.spec.name,
            "plugin": registered.plugin.dist,
            "version": registered.plugin.version,
        },
        "plugins": plugins,
        "config": dataclasses.asdict(config),
        "training": {},
        "data": describe_data(dataset, catalog.contents(training.dataset, dataset)),
        "device": device_name(device),
        "versions": {
            "ganzoo": version("ganzoo-core"),
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "processes": process_count(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with drawing_anew():
        aside = Aside(observer, device)
        torch.manual_seed(training.seed)
        variant = build_variant(record, device)
        watched = watches_copies(dataset, training, variant)
        few = words_of_few(dataset, config, watched=watched)
        for words in filter(None, (few, words_of_whole(dataset, training))):
            aside.report(words)
        if training.init is not None:
            initialise(variant, training.init, aside.report)
        if training.freeze is not None:
            if training.init is None:
                raise GanzooError("--freeze keeps layers as --init brings them: give both")
            aside.report(freeze_layers(variant, training.freeze))
        if words := warn_of_slopes(variant):
            aside.report(words)
        seed_own(training.seed)
        assembled = assemble(variant, dataset, training, record, aside)
        assembled.draws.rest()
    folder = f"{registered.spec.name}-{dataset.name}"
    return Prepared(folder, assembled, dataset, observer)


def warn_of_slopes(variant: Variant) -> str:
    """A sentence where a penalty on gradients meets BatchNorm; empty: nothing is to be said."""
    players = players_of(variant)
    for phase in variant.phases():
        if phase.second_order and (net := with_batch_norm(variant, players[phase.player].nets)):
            return f"{blurred_slopes(net)}: leave it out, or take a variant without BatchNorm there"
    return ""


def with_batch_norm(variant: Variant, nets: Iterable[str]) -> str:
    """The first of the networks that has a BatchNorm; empty: none has."""
    for net in nets:
        if any(isinstance(layer, _BatchNorm) for layer in variant.get_submodule(net).modules()):
            return net
    return ""


def blurred_slopes(net: str) -> str:
    """What becomes of a penalty on the gradients of a network with BatchNorm, without full stop."""
    return (
        f"BatchNorm in the {net} has all that it says of a sample depend on the rest of the batch, "
        "so that a penalty on gradients is of no sample's own slope (Gulrajani et al. 2017, "
        "section 4)"
    )


def _create_run(out: Path | None, name: str, settings: Record) -> Run:
    run = Run.create(out, name, settings) if is_first() else None
    path = from_first(run.path if run else Path())
    return run or SharedRun(path, settings)


def _split(given: Mapping[str, object], cls: type[Variant]) -> tuple[Training, Any]:
    """What was set, as the common settings and the variant's own."""
    common, own = options(Training), options(cls.Config)
    for key in given:
        if key not in common | own:
            raise unknown_setting(key, common | own, without=cls.without)
    return (
        build(Training, {key: given[key] for key in common.keys() & given.keys()}),
        build(cls.Config, {key: given[key] for key in own.keys() & given.keys()}),
    )
