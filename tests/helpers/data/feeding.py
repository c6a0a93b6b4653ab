"""What the tests of feeds draw from, and a tape in the place of a captured graph."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed, make_feed
from ganzoo.spec import DataSpec, Field

CPU = torch.device("cpu")


def numbered(samples: int) -> Dataset:
    """Sample i has the label i, and i in its two pixels."""
    label = torch.arange(samples)
    image = torch.stack([label // 256, label % 256], dim=1).to(torch.uint8)
    return Dataset.of("numbered", image.reshape(samples, 1, 1, 2), label)


@contextmanager
def feeding(
    dataset: Dataset,
    batch_size: int,
    *,
    resident: bool,
    seed: int = 0,
    drawn: int = 0,
    device: torch.device = CPU,
    **options: Any,
) -> Iterator[Feed]:
    budget = None if resident else 0
    feed = make_feed(dataset, batch_size, device=device, seed=seed, budget=budget, **options)
    feed.drawn = drawn
    try:
        yield feed
    finally:
        feed.close()


def labels(feed: Feed, batches: int) -> list[list[int]]:
    feed.stage(batches)
    return [feed.draw()["label"].tolist() for _ in range(batches)]


class Tape(TorchDispatchMode):
    """What a captured graph is: operations on given tensors, to be run again without the host."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self._calls.append((func, args, kwargs or {}, out))
        return out

    def replay(self, wanted: Tensor) -> Tensor:
        """Run all again; returns what `wanted`, which was made on the tape, is this time."""
        made: dict[int, Tensor] = {}
        for func, args, kwargs, out in self._calls:
            args, kwargs = tree_map(lambda x: made.get(id(x), x), (args, kwargs))
            made[id(out)] = func(*args, **kwargs)
        return made[id(wanted)]


def pictures(samples: int) -> Dataset:
    """Two kinds of images without two pixels alike, numbered by their labels, and a heat map."""
    label = torch.arange(samples)
    image = torch.arange(12, dtype=torch.uint8).view(1, 1, 3, 4).repeat(samples, 1, 1, 1)
    image[:, 0, 1, 1] = label.to(torch.uint8) + 100
    tensors = {"image": image, "other": image.clone(), "heat": image.float(), "label": label}
    kinds = {"image": "image", "other": "image", "heat": "point", "label": "label"}
    group = (Field(name, kind, tensors[name].shape[1:]) for name, kind in kinds.items())
    return Dataset(DataSpec((tuple(group),), "pictures"), tensors)


def streams_of(lengths: dict[str, int]) -> list[dict[str, Tensor]]:
    """A stream a name, whose samples are their own numbers, twice."""
    return [
        {name: torch.arange(n), f"{name} again": torch.arange(n)} for name, n in lengths.items()
    ]
