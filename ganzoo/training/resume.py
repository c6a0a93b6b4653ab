"""A training that goes on: it is checked to be the same one before anything of it is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.artifacts.files import refuse_links
from ganzoo.config import build, options, unknown_setting
from ganzoo.draws import drawing_anew
from ganzoo.engine.device import pick_device
from ganzoo.engine.distributed import (
    is_first,
    launcher,
    like_all,
    own_device,
    process_count,
    scatter_state,
)
from ganzoo.errors import GanzooError, typed
from ganzoo.plugins import catalog
from ganzoo.plugins.registered import noting
from ganzoo.plugins.registry import preferring, registry
from ganzoo.runs import checkpoint
from ganzoo.runs.fitting import no_larger_than
from ganzoo.runs.load import build_variant
from ganzoo.runs.record import Record, check_unchanged, digest, root_of, rules
from ganzoo.runs.run import Run, SharedRun
from ganzoo.training.assemble import (
    assemble,
    load_dataset,
    make_exhibits,
    quality_record,
    with_whole_root,
)
from ganzoo.training.freezing import freeze_layers
from ganzoo.training.observer import Observer
from ganzoo.training.settings import RESUMABLE, Training
from ganzoo.training.trainer import Trainer
from ganzoo.training.watching.loggers import with_loggers
from ganzoo.variant import Variant


def resume(path: Path, given: Mapping[str, object], observer: Observer | None = None) -> Trainer:
    """Set up a training that goes on from a run's newest checkpoint.

    Args:
        path: the run directory.
        given: what the user set; only how long and where to train, and learning rates from here
            on, may differ from the run's.
        observer: who watches.

    Raises:
        GanzooError: there is no such run, or it cannot go on; it is left as it is.
    """
    observer = observer or Observer()
    run = _open_run(path)
    with run.locked(), preferring(run.plugins), noting() as plugins:
        training, rates = _resumed(run, given)
        observer = with_loggers(observer, training)
        record: Record = {**run.settings, "config": {**run.settings["config"], **rates}}
        device = own_device(pick_device(training.device))
        if "data_root" not in given:
            root_of(path, run.settings)
        dataset = load_dataset(training, observer, by=rules(run.settings))
        assert training.dataset is not None
        content = catalog.contents(training.dataset, dataset)
        check_unchanged(path, run.settings, dataset, content)
        newest = run.latest_checkpoint()
        with drawing_anew():
            with no_larger_than(newest):
                variant = build_variant(record, device)
            if training.freeze is not None:
                freeze_layers(variant, training.freeze)
            assembled = assemble(variant, dataset, training, record, observer)
            engine = assembled.engine
            own = engine.own()
            tensors = checkpoint.load_state(newest, run.identity, like_all(engine.state(), own))
            engine.load_state(scatter_state(tensors, own & tensors.keys()))
            assembled.draws.rest()
        cut_short = run.settings.get("outcome") in (None, "crashed")
        if engine.iteration > engine.iterations or (
            engine.iteration == engine.iterations and not cut_short
        ):
            raise GanzooError(
                f"{path} is at step {engine.iteration} already: ask for more with --steps, which "
                "is the total"
            )
        exhibits = make_exhibits(assembled, dataset, observer)
        _report_other_plugins(run.plugins, plugins, observer)
        _report_other_device(run.settings["device"], assembled.record["device"], observer)
        changes = [*_changes(run.settings, rates, engine.iteration)]
        now = {**rates, "precision": training.precision}
        if before := _before(run.settings, now, engine.iteration):
            assembled.record["before"] = before
        run.settings = {**assembled.record, **quality_record(exhibits)}
        _rewind(run, engine.iteration)  # before the log is written to, which a copy may share
        for words in changes:
            observer.report(words)
            run.log(words)
        return Trainer(run, assembled, observer, exhibits)


def _open_run(path: Path) -> Run:
    """The run, if as many processes are to go on with it as have trained it."""
    run = Run.open(path)
    before, now = run.settings.get("processes", 1), process_count()
    if before != now:
        raise GanzooError(
            f"{path} is a training by {before} process{'es' if before > 1 else ''}, and {now} "
            f"cannot go on with it exactly: use `{launcher(before)} train --resume {typed(path)}`"
        )
    refuse_links(path)
    return run if is_first() else SharedRun(path, run.settings)


def _rewind(run: Run, step: int) -> None:
    """Forget what came after the checkpoint that is gone on from."""
    try:
        run.rewind(step)
    except OSError as error:
        raise GanzooError(
            f"{run.path} cannot be written ({error.strerror or error}): make room there, then go "
            f"on with --resume {typed(run.path)}"
        ) from error


def _resumed(run: Run, given: Mapping[str, object]) -> tuple[Training, dict[str, Any]]:
    """The run's settings with what was set anew, and the learning rates that are others now."""
    cls: type[Variant] = registry().variant(run.variant).load()
    known = options(Training) | options(cls.Config)
    settings = {key: option.default for key, option in known.items()}  # of runs from before some
    settings |= run.settings["training"] | run.settings["config"]
    changed: dict[str, object] = {}
    rates: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise unknown_setting(key, known, without=cls.without)
        wanted = known[key].convert(value)
        if key in RESUMABLE:
            changed[key] = wanted
        elif wanted == known[key].convert(settings[key]):
            continue
        elif key == "lr" or key.endswith("_lr"):
            rates[key] = wanted
        else:
            raise GanzooError(
                f"{known[key].flag} {value} differs from the run's {settings[key]}: a run goes on "
                "with its own settings; start a new one without --resume"
            )
    if changed.get("epochs") is not None:
        if changed.get("steps") is not None:
            raise GanzooError("--steps and --epochs both say how long to train: give one of them")
        changed["steps"] = None
    return with_whole_root(build(Training, run.settings["training"] | changed)), rates


def _changes(record: Record, rates: Mapping[str, Any], step: int) -> Iterator[str]:
    """What is other from a step on than it was before, and what is kept, in sentences."""
    if record.get("digest") not in (None, digest(record)):
        yield (
            f"run.json is not as ganzoo wrote it: from step {step:,} on the run has the settings "
            "that stand there now, and may be another training than the one that was begun"
        )
    for name, rate in rates.items():
        flag, before = "--" + name.replace("_", "-"), record["config"].get(name)
        yield (
            f"from step {step:,} on {flag} is {rate}, and was {before}: networks, averages, the "
            "optimizers' moments and the order of the data are kept"
        )
    if record.get("outcome") is None:
        yield (
            f"the run was killed and left no word, and goes on from step {step:,}: where nobody "
            "did that, memory may have run out, or something cut a file short that was being read"
        )
    if record.get("outcome") == "finished":
        yield (
            f"the run had finished at step {step:,} and is trained longer: all that it had is "
            "kept, and what follows its progress, such as rates that fall, follows the new length"
        )


def _before(record: Record, now: Mapping[str, Any], step: int) -> list[tuple[str, Any, int]]:
    """What settings were until a step, of those that are others now or were before."""
    then = record["config"] | record["training"]
    changed = [(name, then[name], step) for name in now if then.get(name, now[name]) != now[name]]
    return [*record.get("before", []), *changed]


def _report_other_device(before: str, now: str, observer: Observer) -> None:
    if before != now:
        observer.report(
            f"from here on the run is on {now}, and was on {before}: it is not the same bit for "
            "bit, as another device draws other random numbers and adds up in another order"
        )


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
