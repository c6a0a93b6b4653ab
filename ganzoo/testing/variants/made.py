"""Small random data of every kind, and such as a variant says that it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ganzoo.data.dataset import Dataset
from ganzoo.spec import DataSpec, Field, Group, Need, VariantSpec

SAMPLES = 200
NEEDED = "data made for its needs"
"""What data of `needed` are called."""
_COLUMNS = [{"low": 0, "high": 99, "digits": 0}, {"words": ["rome", "york"]}]
EXAMPLES = {
    field.kind: field
    for field in (
        Field("", "image", (3, 32, 32)),
        Field("", "point", (2,)),
        Field("", "volume", (1, 8, 8, 8)),
        Field("", "video", (3, 4, 16, 16)),
        Field("", "tokens", (6,), ("", *"abcd")),
        Field("", "series", (16, 2), ("left", "right")),
        Field("", "table", (3,), ("age", "town"), json.dumps(_COLUMNS)),
        Field("", "label", (), tuple("0123456789")),
        Field("", "attributes", (3,), ("hat", "tie", "smile")),
        Field("", "mask", (32, 32), ("sky", "sea")),
    )
}
"""A field of each kind."""


def _example(kind: str, name: str = "", shape: tuple[int, ...] | None = None) -> Field:
    field = EXAMPLES[kind]
    return replace(field, name=name or kind, shape=field.shape if shape is None else shape)


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
    "pairs of images": ((_example("image", "source"), _example("image", "target")),),
    "attributed images": ((_example("image"), _example("attributes")),),
    "images with masks": ((_example("image"), _example("mask")),),
    **{
        words: ((_example(kind),),)
        for kind, words in {
            "volume": "volumes",
            "video": "short videos",
            "tokens": "short texts",
            "series": "short series",
            "table": "a small table",
        }.items()
    },
}
"""The fields of data that users have."""


def made(name: str, groups: tuple[Group, ...], seed: int = 0) -> Dataset:
    """Random samples of such fields."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {field.name: _drawn(field, generator) for group in groups for field in group}
    return Dataset(DataSpec(groups, name), tensors)


def others(spec: VariantSpec) -> Iterator[Dataset]:
    """Data of every kind, and whatever is needed that is none of these."""
    known = set()
    for name, groups in OTHERS.items():
        known.add(_kinds(groups))
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
        tuple(
            tuple(_example(need.kinds[min(k, len(need.kinds) - 1)], need.field) for need in group)
            for group in spec.needs
        )
        for k in range(choices)
    ]


def _kinds(groups: tuple[Group, ...]) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(tuple((field.name, field.kind) for field in group) for group in groups)


def _drawn(field: Field, generator: torch.Generator) -> Tensor:
    """Stored values of a field."""
    shape = (SAMPLES, *field.shape)
    if field.kind == "label":
        return torch.arange(SAMPLES) % len(field.names)
    if field.kind == "tokens":
        return torch.randint(len(field.names), shape, generator=generator)
    if field.kind in ("attributes", "mask"):
        return torch.randint(2, shape, generator=generator, dtype=torch.uint8)
    if field.kind in ("image", "volume", "video"):
        return torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    return torch.rand(shape, generator=generator) * 2 - 1
