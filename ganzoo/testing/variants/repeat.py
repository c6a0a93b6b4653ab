"""The same again: from a seed, and from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from ganzoo.engine.stages import has_stages
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Identity
from ganzoo.runs.load import published_weights
from ganzoo.testing.check import Failure
from ganzoo.testing.variants.subject import VariantChecks, VariantSubject
from ganzoo.variant import Variant

CHECKS = VariantChecks()
BEFORE, AFTER = 2, 2
"""Iterations, of a training that is interrupted."""


@CHECKS.check("seed", needs=("iteration",))
def seed(subject: VariantSubject) -> None:
    """One seed gives the same weights, built and trained; another seed gives others."""
    first, again, other = (_parameters(subject.build(seed)) for seed in (0, 0, 1))
    for name in first:
        if not torch.equal(first[name], again[name]):
            raise Failure(
                f"{name} is another each time that it is built from one seed: draw weights by "
                "torch's default generator, not by numpy's or Python's"
            )
    if all(torch.equal(first[name], other[name]) for name in first):
        raise Failure(
            "another seed gives the same weights: leave torch.manual_seed() and generators of a "
            "fixed seed out of the networks"
        )
    engine, repeated = subject.engine(), subject.engine()
    for trained in (engine, repeated):
        torch.manual_seed(0)
        metrics = [trained.step() for _ in range(BEFORE)]
        if trained is engine:
            wanted = metrics
    different = difference(wanted, metrics) or difference([engine.state()], [repeated.state()])
    if different:
        raise Failure(
            f"two trainings from one seed differ, at first in {different}: draw random numbers by "
            "torch's default generator alone, and keep no state outside the variant"
        )


@CHECKS.check("resume", needs=("seed",))
def resume(subject: VariantSubject) -> None:
    """A training that is saved, built anew and continued is bit for bit the uninterrupted one."""
    engine = subject.engine()
    identity = Identity(subject.name, str(engine.variant.data))
    fresh = dict(_attributes(engine.variant))
    torch.manual_seed(0)
    for _ in range(BEFORE):
        engine.step()
    kept = dict(_attributes(engine.variant))
    with TemporaryDirectory() as folder:
        with engine.averaged() as averaged:
            weights = published_weights(averaged)
        saved = checkpoint.save(
            Path(folder), engine.iteration, identity, weights=weights, state=engine.state()
        )
        metrics = [engine.step() for _ in range(AFTER)]
        later = dict(_attributes(engine.variant))
        resumed = subject.engine()
        resumed.load_state(checkpoint.load_state(saved, identity, resumed.state()))
    continued = [resumed.step() for _ in range(AFTER)]
    different = difference(metrics, continued) or difference([engine.state()], [resumed.state()])
    lost = [name for name in kept if not _alike(kept[name], fresh.get(name))]
    # What is built once, at first use, is built again by a training that goes on.
    lost = [name for name in lost if different or not _alike(later.get(name), kept[name])]
    if different or lost:
        guess = f"{', '.join(lost)} changed and was not saved" if lost else ""
        what = f"a training that goes on from a checkpoint differs in {different}"
        raise Failure(
            f"{f'{what} ({guess})' if different and guess else guess or what}: keep what changes "
            "in a tensor made by register_buffer(), or derive it from the iteration by "
            "Phase.repeat, stage() or schedules()"
        )


def _parameters(variant: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach() for name, parameter in variant.named_parameters()}


def difference(one: list[dict[str, Tensor]], other: list[dict[str, Tensor]]) -> str | None:
    """The first name whose values differ by a bit."""
    for before, after in zip(one, other, strict=True):
        for name in before | after:
            if name not in before or name not in after:
                return f"'{name}', which is there only once"
            if not torch.equal(before[name], after[name]):
                return f"'{name}'"
    return None


def _attributes(variant: Variant) -> Iterator[tuple[str, object]]:
    """What the modules hold besides networks, parameters, buffers and its level, as it is now."""
    known = {"level"} if has_stages(variant) else set()
    for path, module in variant.named_modules():
        for name, value in vars(module).items():
            if name not in _OF_EVERY_MODULE and (path or name not in known):
                yield f"{path}.{name}".lstrip("."), _frozen(value)


_OF_EVERY_MODULE = frozenset(vars(nn.Module()))


def _frozen(value: object) -> object:
    """A value to compare a later one with, as far as that can be said of what it is."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Sized) and not isinstance(value, str):
        return len(value)
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, nn.Module | type) or callable(value) or not hasattr(value, "__dict__"):
        return None
    return {name: _frozen(part) for name, part in vars(value).items()}  # such as a pool of images


def _alike(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return type(one) is type(other) and one == other
