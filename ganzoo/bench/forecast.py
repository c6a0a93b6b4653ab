"""What a training will take, before it begins: some iterations are made, and nothing written."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.artifacts.gallery import Gallery
from ganzoo.artifacts.places import cache_folder
from ganzoo.bench.iterations import FEW, MANY, PATIENCE, Guess, guess, measure
from ganzoo.data.trying import trying
from ganzoo.draws import seeded
from ganzoo.engine.device import memory_used
from ganzoo.engine.machine import free_memory, limited_memory
from ganzoo.engine.modes.names import COMPILE, EAGER
from ganzoo.errors import GanzooError, lacks_memory
from ganzoo.metrics.ahead.cost import Cost, cost_of_judging, cost_of_watching
from ganzoo.plugins.registered import noting
from ganzoo.runs.checkpoint import KEPT
from ganzoo.runs.room import free_bytes
from ganzoo.runs.run import next_path
from ganzoo.training.assemble import Assembled, assemble, make_exhibits
from ganzoo.training.few import watches_copies
from ganzoo.training.manner import learning_rates
from ganzoo.training.observer import Observer
from ganzoo.training.settings import Training
from ganzoo.training.start import Prepared, prepare
from ganzoo.training.watching.remaining import count_evaluations
from ganzoo.training.words import watched
from ganzoo.variant import Variant, players_of

ROOM = 0.9
"""The share of what is free that a training may fill."""


@dataclass(frozen=True)
class Place:
    """Something that will be written."""

    path: Path
    what: str
    size: int
    """Bytes at most, as far as one knows."""


@dataclass(frozen=True)
class Forecast:
    """Of a training."""

    variant: str
    data: str
    batch_size: int
    steps: int
    parameters: Mapping[str, int]
    """Of the networks of each player."""
    learning_rates: str
    """Of the players, at the beginning."""
    device: str
    mode: str
    """And why."""
    seconds: float | None
    """A step, on average over the training; None: one does not fit into memory."""
    memory: int | None
    """Bytes that the process, or on CUDA the training, takes at most."""
    memory_free: int | None
    """Bytes that there are for it; None: that is not known."""
    places: Sequence[Place]
    disk_free: int
    watched: Sequence[str]
    """What the watchdog will say something about."""
    said: Sequence[str]
    """What was said of the data and the settings."""
    evaluations: int = 0
    """In the training, that of its end included."""
    evaluating: Cost | None = None
    """What they take; None: there are none, or the training does not fit into memory."""
    grids: int = 0
    """That are drawn in the training, of real data and of its beginning included."""
    grid_seconds: float = 0.0
    """That one of them takes."""
    judging: Cost | None = None
    """What `ganzoo evaluate` takes afterwards, where that was asked."""
    sizes_tried: Sequence[int] = ()
    """Of batches by which a step is guessed, as a whole one takes too long to be tried; none: whole
    ones were made."""

    @property
    def hours(self) -> float | None:
        """That the training takes, with its grids and evaluations, but for what is learned for
        these once."""
        if self.seconds is None:
            return None
        drawing = self.grids * self.grid_seconds
        return (self.seconds * self.steps + drawing + self.evaluation_seconds) / 3600

    @property
    def evaluation_seconds(self) -> float:
        """That the evaluations of the training take in all, but for what is learned once."""
        return 0.0 if self.evaluating is None else self.evaluations * self.evaluating.each

    @property
    def disk(self) -> int:
        """Bytes that will be written at most."""
        return sum(place.size for place in self.places)

    @property
    def advice(self) -> list[str]:
        """What to change, where the machine is too small."""
        found = []
        room = None if self.memory_free is None else ROOM * self.memory_free
        if self.memory is None or (room is not None and self.memory > room):
            found.append(
                "it does not fit into memory: choose a smaller --batch-size, --image-size or "
                "network, or --accumulate 2 or more, or --recompute"
            )
        if self.disk > ROOM * self.disk_free:
            found.append(
                "it does not fit on the disk: choose a folder elsewhere with --out, or fewer grids "
                "with a larger --sample-every"
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        places = [{**dataclasses.asdict(one), "path": str(one.path)} for one in self.places]
        own = {"hours": self.hours, "disk": self.disk, "advice": self.advice, "places": places}
        return dataclasses.asdict(self) | own


class _Listening(Observer):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def report(self, message: str) -> None:
        self.said.append(message)


def forecast(
    name: str, given: Mapping[str, object], out: Path | None = None, *, judged: bool = False
) -> Forecast:
    """Say what a training will take.

    Args:
        name: see `ganzoo.training.start.start`.
        given: likewise.
        out: where it would write, whatever is there now; None: see there.
        judged: whether to say, too, what an evaluation of the run takes.

    Raises:
        GanzooError: something that was asked for cannot be.
    """
    observer = _Listening()
    free_before = free_memory()
    with noting() as plugins, limited_memory(), trying():
        prepared = prepare(name, {**given, "log_to": None}, observer, plugins)
        assembled = prepared.assembled
        training, variant = assembled.training, assembled.engine.variant
        free = free_memory(variant.device) if variant.device.type == "cuda" else free_before
        seconds, memory, names = None, None, set[str]()
        evaluating = judging = guessed = None
        try:
            with assembled.draws.turn():
                guessed = _guess(prepared)
            if guessed is None:
                assembled = _uncompiled(prepared, observer)
                with assembled.draws.turn():
                    seconds, memory, names = measure(assembled.engine)
            else:
                seconds, memory, names = guessed.seconds, guessed.memory, guessed.names
            with assembled.engine.averaged() as averaged, seeded(training.seed, variant.device):
                if training.evaluate_every is not None:
                    evaluating = cost_of_watching(averaged, training, observer.tell)
                if judged:
                    judging = cost_of_judging(averaged, training, observer.tell)
        except (MemoryError, RuntimeError) as error:
            if not _is_memory(error):
                raise
        grids = _count_grids(training)
        grid_size, grid_seconds = _draw_grid(prepared, assembled)
        places = _places(prepared, assembled, out, grids * grid_size)
        if memory is not None:  # evaluations and grids are drawn by now, which take more than steps
            memory = max(memory, memory_used(variant.device))
    assert training.steps is not None
    assert training.batch_size is not None
    record = prepared.assembled.record
    return Forecast(
        record["variant"]["name"],
        f"{variant.data.name}: {len(prepared.dataset):,} samples of shape {variant.data}",
        training.batch_size,
        training.steps,
        {player: _count(variant, one.nets) for player, one in players_of(variant).items()},
        learning_rates(variant),
        record["device"],
        f"{record['mode']} ({record['mode_because']})",
        seconds,
        memory,
        free,
        places,
        free_bytes(places[0].path),
        watched(
            names,
            evaluated=training.evaluate_every is not None,
            copies=watches_copies(prepared.dataset, training, variant),
        ),
        observer.said,
        count_evaluations(training.evaluate_every, 0, training.steps),
        evaluating,
        grids,
        grid_seconds,
        judging,
        () if guessed is None else guessed.sizes,
    )


def _guess(prepared: Prepared) -> Guess | None:
    """What an iteration takes by those of few samples; None: whole ones can be tried."""
    assembled = prepared.assembled
    training, variant = assembled.training, assembled.engine.variant
    assert training.batch_size is not None
    if training.batch_size <= MANY:
        return None
    few = dataclasses.replace(training, batch_size=FEW, accumulate=1, mode=EAGER)
    try:
        trial = assemble(variant, prepared.dataset, few, assembled.record, Observer())
    except GanzooError:  # it cannot be played with so few
        return None
    return guess(assembled.engine, trial.engine)


def _uncompiled(prepared: Prepared, observer: Observer) -> Assembled:
    """The training in a mode that can be tried at once."""
    assembled = prepared.assembled
    mode, compiled = assembled.record["mode"], assembled.record.get("compiled_graph", False)
    if mode != COMPILE and not compiled:
        return assembled
    plain = dataclasses.replace(assembled.training, mode=EAGER)
    variant = assembled.engine.variant
    return assemble(variant, prepared.dataset, plain, assembled.record, observer)


def _count(variant: Variant, nets: Sequence[str]) -> int:
    return sum(param.numel() for net in nets for param in variant.get_submodule(net).parameters())


def _count_grids(training: Training) -> int:
    assert training.steps is not None
    assert training.sample_every is not None
    return training.steps // training.sample_every + 2


def _places(prepared: Prepared, assembled: Assembled, out: Path | None, drawn: int) -> list[Place]:
    """What will be written where, of which grids are so many bytes."""
    training = assembled.training
    assert training.steps is not None
    run = out or next_path(Path("runs"), prepared.name)
    grids = _count_grids(training)
    records = training.steps // training.log_every
    return [
        Place(run, "settings and messages", 10_000),
        Place(
            run / "checkpoints", f"the last {KEPT}, and one that is being written", assembled.kept
        ),
        Place(run / "samples", f"{grids:,} grids, and a film of them", 2 * drawn),
        Place(run / "metrics.jsonl", f"{records:,} records", records * RECORD),
        Place(cache_folder(), "what is decoded or found out once, for all runs", 0),
    ]


RECORD = 200
"""Bytes of a record, or so."""


def _draw_grid(prepared: Prepared, assembled: Assembled) -> tuple[int, float]:
    """Bytes of a picture of real data, or of what is not trained yet, and what such a one takes.

    The first one sets up what the next finds there, and is timed only if it is slow.
    """
    plain = dataclasses.replace(assembled.training, evaluate_every=None)
    exhibits = make_exhibits(
        dataclasses.replace(assembled, training=plain), prepared.dataset, Observer()
    )
    seed, engine = assembled.training.seed, assembled.engine
    with (
        tempfile.TemporaryDirectory() as folder,
        engine.averaged() as variant,
        seeded(seed, variant.device),
    ):
        path = Path(folder) / "grid.png"
        real = exhibits.real
        for _ in range(2):
            begun = time.perf_counter()
            made = Gallery.of(variant.gallery(exhibits.examples))
            exhibits.draw(made if real is None else Gallery(real), path)
            seconds = time.perf_counter() - begun
            if seconds > PATIENCE:
                break
        return path.stat().st_size, seconds


def _is_memory(error: Exception) -> bool:
    from torch import OutOfMemoryError

    return isinstance(error, OutOfMemoryError) or lacks_memory(error)
