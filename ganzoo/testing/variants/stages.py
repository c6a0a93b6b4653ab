"""A whole training in a few steps: its start, each of its stages, its end, and going on in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import take_gradients
from ganzoo.engine.stages import has_stages
from ganzoo.schedules import Progress, Stage
from ganzoo.testing.check import Failure, raised
from ganzoo.testing.variants.repeat import difference
from ganzoo.testing.variants.samples import check_published, check_results
from ganzoo.testing.variants.subject import VariantChecks, VariantSubject
from ganzoo.variant import Batch, Phase, Variant

CHECKS = VariantChecks()
LONGER = (1, 10, 1000)
"""Times as long as the recipe says: trainings in which stages are looked for."""
POINTS = 500
"""Iterations of each at which `stage` is asked."""
MOST = 12
"""Stages that are played."""
CLOSE = 1e-4
"""How near the average of a buffer must be to what it follows, as a share of it."""


@CHECKS.check("stages", needs=("published", "resume"))
def stages(subject: VariantSubject) -> None:
    """At the start, in each stage and at the end it plays, goes on, and publishes where it is."""
    engine, other = _engine(subject), _engine(subject, seed=1)
    reached: set[int] = set()
    _note_gradients(engine, reached)
    for now in _moments(subject, engine.variant):
        where = f"{now.images:,} images into a training"
        try:
            stage = engine.variant.stage(now)
            where += f", in stage {stage.level}"
            _check_resets(stage, engine)
            for each in (engine, other):
                _enter(each, now)
            before = {name: value.clone() for name, value in engine.state().items()}
            metrics = engine.step()
            _check_going_on(subject, engine, now, before, metrics)
            other.step()
            _check_averages(engine, other)
            with engine.averaged() as variant:
                check_results(subject, variant)
                check_published(subject, variant)
        except Failure as failure:
            raise Failure(f"{where}: {failure}") from failure
        except Exception as error:
            what = raised(error, subject.registered.spec.target)
            raise Failure(f"{where}, it cannot be played: {what}") from error
    if not has_stages(engine.variant):
        return
    for learner in engine.learners.values():
        for name, parameter in zip(learner.names, learner.params, strict=True):
            if id(parameter) not in reached:
                raise Failure(f"{name} never gets a gradient, in no stage: use it, or leave it out")


def _engine(subject: VariantSubject, seed: int = 0) -> Engine:
    """A training in each of whose iterations all is due."""
    engine = subject.engine(seed=seed)
    for name, phase in [*engine.phases.items()]:
        engine.phases[name] = replace(phase, every=1, repeat=1)
    upkeep = engine.game.upkeep
    for name, work in [*upkeep.items()]:
        upkeep[name] = replace(work, every=1)
    return engine


def _note_gradients(engine: Engine, reached: set[int]) -> None:
    """Have the ids of parameters that get a gradient noted."""

    def noted(
        phase: Phase, params: Sequence[nn.Parameter], batch: Batch
    ) -> tuple[Tensor, list[Tensor | None]]:
        loss, gradients = take_gradients(phase, params, batch)
        pairs = zip(params, gradients, strict=True)
        reached.update(id(param) for param, gradient in pairs if gradient is not None)
        return loss, gradients

    engine.play_with(noted)


def _moments(subject: VariantSubject, variant: Variant) -> list[Progress]:
    """The start and the end of a training as its recipe has it, and where each stage begins.

    Stages are looked for in longer trainings too, as a user may ask for one.
    """
    recipe = subject.cls.recipe(subject.dataset.spec)
    first: dict[Stage, Progress] = {}
    end = Progress(0, 1, 0)
    for longer in LONGER:
        iterations, images = longer * recipe["steps"], 0
        stride = -(-iterations // POINTS)
        for iteration in range(0, iterations, stride):
            now = Progress(iteration, iterations, images)
            stage = variant.stage(now)
            first.setdefault(stage, now)
            images += stride * (stage.batch_size or recipe["batch_size"])
            if longer == 1:
                end = now
    found = sorted({*first.values(), end}, key=lambda now: now.images)
    if len(found) <= MOST:
        return found
    return [found[round(k * (len(found) - 1) / (MOST - 1))] for k in range(MOST)]


def _enter(engine: Engine, now: Progress) -> None:
    """Have a training come to a moment, with the stage that is then."""
    engine.iterations = now.iterations
    engine.feed.drawn = now.images // engine.feed.batch_size
    engine.iteration = now.iteration


def _check_resets(stage: Stage, engine: Engine) -> None:
    for player in stage.resets:
        if player not in engine.learners:
            raise Failure(
                f"its `resets` name the player '{player}', who is none of "
                f"{', '.join(engine.learners)}: name some of players()"
            )


def _check_going_on(
    subject: VariantSubject,
    engine: Engine,
    now: Progress,
    before: dict[str, Tensor],
    metrics: dict[str, Tensor],
) -> None:
    """See whether an iteration from a saved state is the one that was just played."""
    for name, value in metrics.items():
        if not value.isfinite():
            raise Failure(f"{name} is {value.item()}: look for log(0) or 1/0")
    after, here = engine.state(), torch.get_rng_state()
    resumed = _engine(subject)
    resumed.iterations = now.iterations
    resumed.load_state(before)
    continued = resumed.step()
    different = difference([metrics], [continued]) or difference([after], [resumed.state()])
    torch.set_rng_state(here)
    if different:
        raise Failure(
            f"a training that goes on from a checkpoint there differs in {different}: take the "
            "stage from self.level, dials from dials(), and keep what changes in buffers"
        )


def _check_averages(engine: Engine, other: Engine) -> None:
    """See whether averaged networks have what follows training, and not data, as it is now.

    Args:
        engine: whose.
        other: one at the same moment, from another seed.
    """
    for learner in engine.learners.values():
        for net, average in learner.averaged.items():
            live, twin = (
                dict(each.variant.get_submodule(net).named_buffers()) for each in (engine, other)
            )
            for name, value in average.named_buffers():
                now = live[name]
                if not torch.equal(now, twin[name]) or not now.is_floating_point():
                    continue
                if not torch.allclose(value, now, rtol=CLOSE, atol=CLOSE):
                    raise Failure(
                        f"the averaged '{net}', which samples are drawn with, has {name} = "
                        f"{value.flatten()[0]:.3g} and the trained one {now.flatten()[0]:.3g}: set "
                        f"'{net}.{name}' in dials(), or make it an integer, which is not averaged"
                    )
