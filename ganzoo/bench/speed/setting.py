"""The game as all contestants set it up: networks, data and batches, and which phases are due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.bench.speed.spec import Game
from ganzoo.config import build, parse_size
from ganzoo.data import catalog
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.engine.device import pick_device
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.training.assemble import check_suits
from ganzoo.variant import Phase, Variant

ITERATIONS = 2_000_000
"""Of a training so long that nothing changes while it is measured."""
START = ITERATIONS // 2 + 1
"""Measured is the middle of a training: its first iterations may be other ones (WGAN's critic)."""
DATA_BYTES = 1 << 28
"""Of images that are kept: enough not to fit a cache."""
ENOUGH_BATCHES = 16

Draw = Callable[[], dict[str, Tensor]]
"""The next batch on the device, by the names of the variant's streams."""


@dataclass(frozen=True)
class Setting:
    """A game that is set up."""

    variant: Variant
    """On its device, in train mode; its weights are the same for all contestants."""
    dataset: Dataset
    """Images of the size that is asked for, as uint8."""
    source: Dataset
    """The same images in their own size."""
    batch_size: int

    @property
    def resized(self) -> tuple[int, int] | None:
        """The size that the source is to be brought to, where that is another one."""
        if not self.dataset.spec.is_image or self.source.spec.shape == self.dataset.spec.shape:
            return None
        height, width = self.dataset.spec.shape[1:]
        return height, width

    def streams(self, dataset: Dataset) -> list[dict[str, Tensor]]:
        """The variant's streams, one that is shorter than a batch repeated until it fills one."""
        return [
            {name: _filling(tensor, self.batch_size) for name, tensor in stream.items()}
            for stream in self.variant.streams(dataset)
        ]


def set_up(game: Game) -> Setting:
    """Make the variant and load its data: the test split, which is small and of the same shape.

    Raises:
        GanzooError: there is no such game.
    """
    registered = registry().variant(game.variant)
    cls: type[Variant] = registered.load()
    if cls.iterate is not Variant.iterate:
        raise GanzooError(
            f"{game.variant} plays iterations of its own, which the loops to compare with cannot"
        )
    device = pick_device(game.device)
    name, size = game.dataset or registered.spec.dataset, parse_size(game.image_size)
    source = _load(name, game.data_root, size)
    shape = (source.spec.shape[0], *size) if size and source.spec.is_image else source.spec.shape
    data = replace(source.spec, shape=shape)
    check_suits(cls, registered.spec.name, data)
    recipe = cls.recipe(data)
    del recipe["steps"]
    batch_size = game.batch_size or recipe["batch_size"]
    del recipe["batch_size"]
    torch.manual_seed(0)
    variant = cls(build(cls.Config, recipe | game.settings), data).to(device)
    pixels = torch.Size(shape).numel()
    source = _truncated(source, max(DATA_BYTES // pixels, ENOUGH_BATCHES * batch_size))
    dataset = _resized(source, shape) if source.spec.is_image else source
    return Setting(variant, dataset, source, min(batch_size, len(dataset)))


def due(phases: Sequence[Phase], iteration: int) -> list[tuple[Phase, int]]:
    """The phases of an iteration, each with its number of updates, as `Phase` defines them."""
    return [
        (phase, phase.repeat if isinstance(phase.repeat, int) else phase.repeat(iteration))
        for phase in phases
        if iteration % phase.every == 0
    ]


def _load(name: str, root: str | None, size: tuple[int, int] | None) -> Dataset:
    """The test split, in its own size where it has one."""
    known = [registry().dataset(part).spec.shape[0].isdecimal() for part in name.split("+")]
    request = DataRequest(
        root=Path(root).expanduser() if root else None,
        split="test",
        image_size=None if all(known) else size,
    )
    return catalog.load(name, request)


def _filling(tensor: Tensor, samples: int) -> Tensor:
    repeats = -(-samples // len(tensor))
    return tensor if repeats == 1 else tensor.repeat(repeats, *[1] * (tensor.dim() - 1))


def _truncated(dataset: Dataset, samples: int) -> Dataset:
    fields = {name: tensor[:samples] for name, tensor in dataset.fields.items()}
    other = None if dataset.other is None else _truncated(dataset.other, samples)
    return replace(dataset, fields=fields, other=other)


def _resized(dataset: Dataset, shape: tuple[int, ...]) -> Dataset:
    """The data set with images of that shape, antialiased as torchvision does it."""
    image = dataset.fields["image"]
    other = None if dataset.other is None else _resized(dataset.other, shape)
    if tuple(image.shape[1:]) != shape:
        parts = [
            interpolate(part.float(), shape[1:], mode="bilinear", antialias=True).round_().byte()
            for part in torch.split(image, 256)
        ]
        image = torch.cat(parts)
    fields: dict[str, Any] = dataset.fields | {"image": image}
    return replace(dataset, fields=fields, other=other)
