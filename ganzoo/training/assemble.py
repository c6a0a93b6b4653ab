"""From what the user asked for to a `Trainer`: everything is checked before anything is written."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ganzoo.config import build, options, parse_size
from ganzoo.data import catalog
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import Feed, Streams, first_samples, make_feed
from ganzoo.data.kinds import sample_kind
from ganzoo.data.needs import check_suits
from ganzoo.engine.cpu.matmul import NATIVE, choose_matmul
from ganzoo.engine.device import pick_device, seeded
from ganzoo.engine.distributed import (
    from_first,
    is_first,
    launcher,
    like_all,
    own_device,
    process_count,
    process_rank,
    scatter_state,
    seed_own,
    synchronise_batch_norm,
)
from ganzoo.engine.engine import Engine
from ganzoo.engine.modes.compiled import compile_key, is_warm
from ganzoo.engine.modes.execution import COLD_BREAK_EVEN, Execution, choose_mode
from ganzoo.engine.plan import count_iterations
from ganzoo.errors import GanzooError, unknown
from ganzoo.plugins.registered import noting
from ganzoo.plugins.registry import preferring, registry
from ganzoo.runs import checkpoint
from ganzoo.runs.initial import initialise
from ganzoo.runs.load import build_variant
from ganzoo.runs.record import check_unchanged, describe_data
from ganzoo.runs.run import Run, SharedRun
from ganzoo.training.exhibits import Exhibits
from ganzoo.training.observer import Observer
from ganzoo.training.settings import RESUMABLE, Training
from ganzoo.training.trainer import Trainer
from ganzoo.training.watchdog import label_entropy
from ganzoo.variant import Variant

FRAMES = 24
"""Sample grids in a training, where the user does not say."""


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
    observer = observer or Observer()
    with noting() as plugins:
        registered = registry().variant(name)
        cls: type[Variant] = registered.load()
        given = {"dataset": catalog.default_for(registered.spec)} | dict(given)
        training, _ = _split(given, cls)
        if training.steps is not None and training.epochs is not None:
            raise GanzooError("--steps and --epochs both say how long to train: give one of them")
        device = own_device(pick_device(training.device))
        dataset = load_dataset(training, observer)
        recipe = cls.recipe(dataset.spec)
        recipe["batch_size"] = min(recipe["batch_size"], len(dataset))
        if training.epochs is not None:
            del recipe["steps"]
        training, config = _split(recipe | given, cls)
        if training.data_root is not None:
            root = str(Path(training.data_root).expanduser().resolve())
            training = dataclasses.replace(training, data_root=root)
        check_suits(registered.spec, dataset.spec)
        settings: dict[str, Any] = {
            "variant": {
                "name": registered.spec.name,
                "plugin": registered.plugin.dist,
                "version": registered.plugin.version,
            },
            "plugins": plugins,
            "config": dataclasses.asdict(config),
            "training": {},
            "data": describe_data(dataset),
            "device": _device_name(device),
            "versions": {
                "ganzoo": version("ganzoo-core"),
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
            "processes": process_count(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        torch.manual_seed(training.seed)
        variant = build_variant(settings, device)
        if training.init is not None:
            initialise(variant, training.init, observer.report)
        seed_own(training.seed)
        if training.sync_batch_norm:
            synchronise_batch_norm(variant)
        streams = variant.streams(dataset)
        feed = _feed(dataset, streams, training, device)
        training = _with_steps(training, variant, feed)
        settings["training"] = dataclasses.asdict(training)
        assert training.steps is not None
        execution = _execution(training, settings, variant)
        engine = Engine(variant, feed, training.steps, execution, observer.report)
        exhibits = _exhibits(variant, dataset, streams, training, observer)
        settings |= _quality_settings(exhibits)
        run = _create_run(out, f"{registered.spec.name}-{dataset.name}", settings)
        return Trainer(run, training, engine, observer, exhibits)


def resume(path: Path, given: Mapping[str, object], observer: Observer | None = None) -> Trainer:
    """Set up a training that goes on from a run's newest checkpoint.

    Args:
        path: the run directory.
        given: what the user set; only how long and where to train may differ from the run's.
        observer: who watches.

    Raises:
        GanzooError: there is no such run, or it cannot go on; it is left as it is.
    """
    observer = observer or Observer()
    run = _open_run(path)
    with run.locked(), preferring(run.plugins), noting() as plugins:
        training = _resumed(run, given)
        device = own_device(pick_device(training.device))
        dataset = load_dataset(training, observer)
        check_unchanged(path, run.settings, dataset)
        variant = build_variant(run.settings, device)
        if training.sync_batch_norm:
            synchronise_batch_norm(variant)
        streams = variant.streams(dataset)
        feed = _feed(dataset, streams, training, device)
        training = _with_steps(training, variant, feed)
        assert training.steps is not None
        execution = _execution(training, run.settings, variant)
        engine = Engine(variant, feed, training.steps, execution, observer.report)
        newest = run.latest_checkpoint()
        own = engine.own()
        tensors = checkpoint.load_state(newest, run.identity, like_all(engine.state(), own))
        engine.load_state(scatter_state(tensors, own))
        if engine.iteration >= training.steps:
            raise GanzooError(
                f"{path} is at step {engine.iteration} already: ask for more with --steps, which "
                "is the total"
            )
        exhibits = _exhibits(variant, dataset, streams, training, observer)
        _report_other_plugins(run.plugins, plugins, observer)
        run.settings |= {"training": dataclasses.asdict(training), **_quality_settings(exhibits)}
        run.rewind(engine.iteration)
        return Trainer(run, training, engine, observer, exhibits)


def load_dataset(training: Training, observer: Observer, split: str = "train") -> Dataset:
    """The data set that the settings name.

    Raises:
        GanzooError: see `catalog.load`.
    """
    request = DataRequest(
        root=Path(training.data_root).expanduser() if training.data_root else None,
        split=split,
        image_size=parse_size(training.image_size),
        report=observer.report,
    )
    assert training.dataset is not None
    return catalog.load(training.dataset, request)


def _report_other_plugins(
    before: Mapping[str, str], now: Mapping[str, str], observer: Observer
) -> None:
    """Say so where a run goes on with other plugins, or versions, than it was started with."""
    now = {dist: version for dist, version in now.items() if dist in before}
    gone, new = (
        " and ".join(f"{dist} {version}" for dist, version in sorted(these.items() - those.items()))
        for these, those in ((before, now), (now, before))
    )
    if gone and new:
        observer.report(f"the run was started with {gone} and goes on with {new}")


def _create_run(out: Path | None, name: str, settings: dict[str, Any]) -> Run:
    run = Run.create(out, name, settings) if is_first() else None
    path = from_first(run.path if run else Path())
    return run or SharedRun(path, settings)


def _open_run(path: Path) -> Run:
    """The run, if as many processes are to go on with it as have trained it."""
    run = Run.open(path)
    before, now = run.settings.get("processes", 1), process_count()
    if before != now:
        raise GanzooError(
            f"{path} is a training by {before} process{'es' if before > 1 else ''}, and {now} "
            f"cannot go on with it exactly: use `{launcher(before)} train --resume {path}`"
        )
    return run if is_first() else SharedRun(path, run.settings)


def _split(given: Mapping[str, object], cls: type[Variant]) -> tuple[Training, Any]:
    """What was set, as the common settings and the variant's own."""
    common, own = options(Training), options(cls.Config)
    for key in given:
        if key not in common | own:
            raise unknown("setting", key, common | own)
    return (
        build(Training, {key: given[key] for key in common.keys() & given.keys()}),
        build(cls.Config, {key: given[key] for key in own.keys() & given.keys()}),
    )


def _resumed(run: Run, given: Mapping[str, object]) -> Training:
    """The run's settings with what was set anew."""
    cls: type[Variant] = registry().variant(run.variant).load()
    known = options(Training) | options(cls.Config)
    settings = {key: option.default for key, option in known.items()}  # of runs from before some
    settings |= run.settings["training"] | run.settings["config"]
    changed: dict[str, object] = {}
    for key, value in given.items():
        if key not in known:
            raise unknown("setting", key, known)
        wanted = known[key].convert(value)
        if key in RESUMABLE:
            changed[key] = wanted
        elif wanted != known[key].convert(settings[key]):
            raise GanzooError(
                f"{known[key].flag} {value} differs from the run's {settings[key]}: a run goes on "
                "with its own settings; start a new one without --resume"
            )
    if changed.get("epochs") is not None:
        changed.setdefault("steps", None)
    return build(Training, run.settings["training"] | changed)


def _with_steps(training: Training, variant: Variant, feed: Feed) -> Training:
    """The settings with everything decided that was left open."""
    steps = training.steps
    if training.epochs is not None:
        steps = count_iterations(variant.phases(), training.epochs * feed.batches_per_epoch)
    assert steps is not None
    return dataclasses.replace(
        training,
        steps=steps,
        epochs=None,
        sample_every=training.sample_every or -(-steps // FRAMES),
    )


def _execution(training: Training, settings: dict[str, Any], variant: Variant) -> Execution:
    """How to run the iterations, noted in `settings`; a run goes on in its mode, where it can."""
    device, precision = variant.device, training.precision
    assert training.batch_size is not None
    key = compile_key(
        settings["variant"],
        settings["config"],
        [*variant.data.shape],
        training.batch_size // process_count(),
        training.accumulate,
        precision,
        device.type,
    )
    wanted = training.mode
    if wanted == "auto" and settings["device"] == _device_name(device):
        wanted = settings.get("mode", wanted)
    assert training.steps is not None
    if device.type == "cpu":
        # A run from before there was a choice has multiplied natively.
        before = settings.get("matmul", NATIVE if "mode" in settings else None)
        settings["matmul"], _ = choose_matmul(variant, before)
    mode, because = from_first(choose_mode(wanted, device, variant, training.steps, key))
    if wanted != training.mode:
        because = "as before"
    settings |= {"mode": mode, "mode_because": because, "device": _device_name(device)}
    return Execution(
        mode,
        precision,
        training.accumulate,
        training.recompute,
        compiled_graph=from_first(training.steps >= COLD_BREAK_EVEN or is_warm(key)),
        kept=training.log_every,
        compile_key=key,
    )


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


def _exhibits(
    variant: Variant,
    dataset: Dataset,
    streams: Streams,
    training: Training,
    observer: Observer,
) -> Exhibits:
    """What a training shows and measures besides what it learns from."""
    examples = first_samples(streams, sample_kind(dataset.spec).shown, variant.device, dataset)
    test = load_dataset(training, observer, "test") if variant.held_out and is_first() else None
    quality, class_entropy = None, None
    if training.evaluate_every is not None and is_first():
        from ganzoo.metrics.during import make_quality  # its imports are for who wants them

        with seeded(training.seed, variant.device):  # what it draws is none of the training's
            quality = make_quality(variant, training, observer.report)
        if dataset.classes:
            class_entropy = label_entropy(dataset.fields["label"])
    return Exhibits(dataset.spec, examples, dataset.modes, test, quality, class_entropy)


def _quality_settings(exhibits: Exhibits) -> dict[str, Any]:
    """How quality is measured, where it is, and which way is better: for who compares runs."""
    quality = exhibits.quality
    if quality is None:
        return {}
    return {"quality_protocol": quality.protocol, "quality_better": dict(quality.directions)}


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
