"""A variant that is being checked: built as often as a check likes, with small batches."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.config import build, own_settings
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.feed import first_samples, make_feed
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels
from ganzoo.data.needs import check_suits
from ganzoo.data.trying import trying
from ganzoo.engine.engine import Engine
from ganzoo.engine.iterate import Gradients, take_gradients
from ganzoo.engine.modes.execution import Execution
from ganzoo.engine.plan import Plan, make_plan
from ganzoo.engine.stages import START, enter
from ganzoo.errors import GanzooError
from ganzoo.plugins import catalog
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.spec import DataSpec, VariantSpec
from ganzoo.testing.check import Checks
from ganzoo.testing.variants.made import NEEDED, made, needed
from ganzoo.variant import Batch, Variant

CPU = torch.device("cpu")
BATCH = 4
"""Samples; every check would say the same of more."""
ITERATIONS = 1000
"""Of the training that is pretended to be under way."""
TYPICAL = 101
"""The iteration from which checks play: past whatever is special about the first ones."""


class VariantSubject:
    """An installed variant.

    Args:
        registered: its spec and its plugin.
        dataset: what to play on; None: what suits the spec.
        root: the folder of the data set's files; None: the default one.
        image_size: of images, as (height, width); None: the data's own.
        pixels: how image files are read.
    """

    def __init__(
        self,
        registered: Registered[VariantSpec],
        dataset: str | None = None,
        root: Path | None = None,
        image_size: tuple[int, int] | None = None,
        pixels: Pixels = AS_THEY_ARE,
    ) -> None:
        self.registered = registered
        self.name = registered.spec.name
        self._dataset = dataset
        self._root = root
        self._image_size = image_size
        self._pixels = pixels

    @cached_property
    def cls(self) -> type[Variant]:
        """What the spec's target names.

        Raises:
            GanzooError: it is no variant that can be used.
        """
        cls: type[Variant] = load_target(self.registered.spec)
        return cls

    def require_data(self) -> None:
        """See to it that the variant accepts the data, before it is blamed for what it refuses.

        Raises:
            GanzooError: they cannot be loaded, or it refuses them.
        """
        data = self.dataset.spec
        try:
            self.build(data=data)
        except GanzooError:
            raise
        except Exception:  # is for the checks to find
            return

    @cached_property
    def dataset(self) -> Dataset:
        """What checks play on."""
        return self._load("train")

    @cached_property
    def test(self) -> Dataset:
        """Its test split."""
        return self._load("test")

    def _load(self, split: str) -> Dataset:
        name = self._dataset or default_data(self.registered.spec)
        if not name:
            groups = needed(self.registered.spec)[0]
            return made(NEEDED, groups, seed=int(split == "test"))
        request = DataRequest(self._root, split, self._image_size, pixels=self._pixels)
        with trying():
            return catalog.load(name, request)

    def config(self, data: DataSpec) -> Any:
        """The variant's settings where the user sets none."""
        own = own_settings(self.cls.Config, self.cls.recipe(data))
        return equipped(build(self.cls.Config, own))

    def build(self, seed: int = 0, data: DataSpec | None = None) -> Variant:
        """The variant with new weights, in its first stage.

        Raises:
            GanzooError: it refuses the data.
        """
        data = data or self.dataset.spec
        check_suits(self.registered.spec, data)
        torch.manual_seed(seed)
        variant = self.cls(self.config(data), data)
        enter(variant, START)
        return variant

    def engine(
        self,
        *,
        seed: int = 0,
        dataset: Dataset | None = None,
        batch: int = BATCH,
        accumulate: int = 1,
    ) -> Engine:
        """A training under way, in train mode, with new weights.

        Raises:
            GanzooError: the variant refuses the data.
        """
        dataset = dataset or self.dataset
        variant = self.build(seed, dataset.spec)
        feed = make_feed(dataset, batch, device=CPU, seed=seed, streams=variant.streams(dataset))
        engine = Engine(variant, feed, ITERATIONS, Execution(accumulate=accumulate))
        engine.iteration = TYPICAL
        return engine


def default_data(spec: VariantSpec) -> str:
    """What a variant is played on; empty: no data set that is made on the spot suits it."""
    try:
        return catalog.default_for(spec)
    except GanzooError:
        return ""


VariantChecks = Checks[VariantSubject]


def whole_plan(engine: Engine) -> Plan:
    """An iteration in which every phase is due once."""
    once = [replace(phase, every=1, repeat=1) for phase in engine.phases.values()]
    stage = engine.make_plan().stage
    return make_plan(once, 0, stage, engine.game.upkeep.values())


def play(engine: Engine, plan: Plan, gradients: Gradients = take_gradients) -> dict[str, Tensor]:
    """One iteration of that plan, eagerly, its gradients computed in that way."""
    engine.play_with(gradients)
    return engine.variant.iterate(engine, plan)


def examples(variant: Variant, dataset: Dataset, n: int) -> dict[str, Tensor]:
    """The first samples of each stream, as they are in a batch."""
    return first_samples(variant.streams(dataset), n, CPU, dataset)


def draw(engine: Engine) -> Batch:
    """The next batch, whole, of the stage that is."""
    engine.feed.stage(1)
    return Batch(engine.feed.draw(), stage=engine.make_plan().stage)
