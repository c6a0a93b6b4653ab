"""The game as all contestants set it up: networks, data and batches, and which phases are due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.artifacts.places import expanded
from ganzoo.bench.speed.spec import Game
from ganzoo.config import build, own_settings, parse_size
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.wanted import Pixels, parse_pixels
from ganzoo.data.needs import check_suits
from ganzoo.engine.device import find_device
from ganzoo.engine.learner import corrected, laziness
from ganzoo.engine.plan import make_plan
from ganzoo.engine.stages import enter
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.schedules import Progress
from ganzoo.spec import DataSpec
from ganzoo.variant import OptimSpec, Phase, Player, Variant

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
    device = find_device(game.device)  # baselines compute by torch's defaults
    name, size = game.dataset or catalog.default_for(registered.spec), parse_size(game.image_size)
    source = _load(name, game.data_root, size, parse_pixels(game.pixels))
    shape = (source.spec.shape[0], *size) if size and source.spec.is_image else source.spec.shape
    data = _with_shape(source.spec, shape)
    check_suits(registered.spec, data)
    recipe = cls.recipe(data)
    batch_size = game.batch_size or recipe["batch_size"]
    torch.manual_seed(0)
    config: Any = equipped(build(cls.Config, own_settings(cls.Config, recipe) | game.settings))
    variant = cls(config, data).to(device)
    pixels = torch.Size(shape).numel()
    source = source.first(max(DATA_BYTES // pixels, ENOUGH_BATCHES * batch_size))
    dataset = _resized(source, shape) if source.spec.is_image else source
    return Setting(variant, dataset, source, min(batch_size, len(dataset)))


def due(phases: Sequence[Phase], iteration: int) -> list[tuple[Phase, int]]:
    """The phases of an iteration, each with its number of updates."""
    named = {phase.name: phase for phase in phases}
    return [(named[name], repeat) for name, repeat in make_plan(phases, iteration).updates]


def begin(variant: Variant, iteration: int) -> None:
    """Have a variant be in the stage in which the engine begins, which has seen no images yet."""
    enter(variant, Progress(iteration, ITERATIONS, 0))


def optimiser_of(name: str, player: Player, phases: Sequence[Phase]) -> OptimSpec:
    """What a player learns by, corrected for regularisers of its own that are due seldom."""
    own = [phase for phase in phases if phase.player == name]
    return corrected(player.optim, laziness(own))


def gain_of(phase: Phase) -> float:
    """How many times its gradients count."""
    return phase.gain * (phase.every if phase.lazy else 1)


def _load(name: str, root: str | None, size: tuple[int, int] | None, wanted: Pixels) -> Dataset:
    """The test split, in its own size where it has one."""
    parts = map(registry().dataset, catalog.single_names(name))
    known = [part.spec.shape[0].isdecimal() for part in parts]
    request = DataRequest(
        root=expanded(root) if root else None,
        split="test",
        image_size=None if all(known) else size,
        pixels=wanted,
    )
    return catalog.load(name, request)


def _filling(tensor: Tensor, samples: int) -> Tensor:
    repeats = -(-samples // len(tensor))
    return tensor if repeats == 1 else tensor.repeat(repeats, *[1] * (tensor.dim() - 1))


def _resized(dataset: Dataset, shape: tuple[int, ...]) -> Dataset:
    """The data set with images of that shape, antialiased as torchvision does it."""
    images = [name for name, field in dataset.spec.fields.items() if field.kind == "image"]
    return dataset.with_tensors({name: _scaled(dataset.tensors[name], shape) for name in images})


def _scaled(image: Tensor, shape: tuple[int, ...]) -> Tensor:
    if tuple(image.shape[1:]) == shape:
        return image
    parts = [
        interpolate(part.float(), shape[1:], mode="bilinear", antialias=True).round_().byte()
        for part in torch.split(image, 256)
    ]
    return torch.cat(parts)


def _with_shape(data: DataSpec, shape: tuple[int, ...]) -> DataSpec:
    """The same, its samples of another shape."""
    kind = data.kind
    groups = tuple(
        tuple(replace(field, shape=shape) if field.kind == kind else field for field in group)
        for group in data.groups
    )
    return replace(data, groups=groups)
