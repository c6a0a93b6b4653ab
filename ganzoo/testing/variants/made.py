"""Small random data of every kind, and such as a variant says that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from ganzoo.data.dataset import Dataset
from ganzoo.data.kinds import kind_of, kinds
from ganzoo.spec import DataSpec, Field, Group, Need, VariantSpec, usual_name

SAMPLES = 200
NEEDED = "data made for its needs"
"""What data of `needed` are called."""
_PICTURES = kind_of("image").example
OTHERS: dict[str, tuple[Group, ...]] = {
    "labelled digits": DataSpec.images((1, 28, 28), 10).groups,
    "unlabelled photos": DataSpec.images((3, 32, 32)).groups,
    "large photos": DataSpec.images((3, 64, 64), 10).groups,
    "oddly sized images": DataSpec.images((1, 45, 61), 10).groups,
    "images of many channels": DataSpec.images((7, 32, 32)).groups,
    "labelled points": DataSpec.points(2, 8).groups,
    "unlabelled points": DataSpec.points(2).groups,
    "points in space": DataSpec.points(3).groups,
    "two domains": DataSpec.unpaired(
        DataSpec.images((3, 28, 28)), DataSpec.images((3, 28, 28))
    ).groups,
    "pairs of images": ((replace(_PICTURES, name="source"), replace(_PICTURES, name="target")),),
}
"""The fields of data that users have, in many shapes; `others` has all kinds."""


def made(name: str, groups: tuple[Group, ...], seed: int = 0) -> Dataset:
    """Random samples of such fields."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        field.name: kind_of(field.kind).invented(field, SAMPLES, generator)
        for group in groups
        for field in group
    }
    return Dataset(DataSpec(groups, name), tensors)


def others() -> dict[str, tuple[Group, ...]]:
    """The fields of data of every kind, by what they are called."""
    found = dict(OTHERS)
    shapes = {*map(_kinds, found.values())}
    for name, kind in kinds().items():
        field = replace(kind.example, name=usual_name(name))
        groups: tuple[Group, ...] = ((_PICTURES, field) if kind.beside else (field,),)
        if _kinds(groups) not in shapes:
            words = kind.beside.format(kind_of("image").words) or kind.words
            found[f"small {words}"] = groups
    return found


def tried(spec: VariantSpec) -> Iterator[Dataset]:
    """Data of every kind, and whatever a variant needs that is none of these."""
    known = {*map(_kinds, others().values())}
    for name, groups in others().items():
        yield made(name, groups)
    for groups in needed(spec):
        if _kinds(groups) not in known:
            yield made(NEEDED, groups)


def needed(spec: VariantSpec) -> list[tuple[Group, ...]]:
    """Fields that are all that a variant needs; more than once, where kinds can be chosen."""
    if not all(need.kinds for group in spec.needs for need in group or (Need(()),)):
        return []  # which is for another check to say
    choices = max(len(need.kinds) for group in spec.needs for need in group)
    return [
        tuple(tuple(_example(need, k) for need in group) for group in spec.needs)
        for k in range(choices)
    ]


def _kinds(groups: tuple[Group, ...]) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(tuple((field.name, field.kind) for field in group) for group in groups)


def _example(need: Need, choice: int) -> Field:
    """A field that is as needed, of the kind of that number, or of the last."""
    kind = need.kinds[min(choice, len(need.kinds) - 1)]
    return replace(kind_of(kind).example, name=need.field)
