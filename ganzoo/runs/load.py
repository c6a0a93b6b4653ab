"""From a run directory to the variant that was trained in it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from ganzoo.config import build
from ganzoo.draws import drawing_apart
from ganzoo.engine.learner import distinct
from ganzoo.engine.stages import START, enter, enter_again, where_entered
from ganzoo.errors import GanzooError
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import preferring, registry
from ganzoo.runs import checkpoint
from ganzoo.runs.fitting import no_larger_than
from ganzoo.runs.record import Record, data_spec
from ganzoo.runs.run import Run
from ganzoo.variant import Variant

Read = TypeVar("Read")

ATTEMPTS = 20
"""To load what a training that goes on may remove meanwhile."""


@dataclass(frozen=True)
class Loaded:
    """A variant with the weights of a checkpoint, in eval mode."""

    variant: Variant
    checkpoint: Path
    """Where they are from; a training that goes on may have removed it since."""
    digest: str
    """The SHA-256 of the file of the weights."""

    @property
    def step(self) -> int:
        """Of the checkpoint."""
        return checkpoint.step_of(self.checkpoint)


def load(run: Run, device: torch.device, which: str = "last") -> Loaded:
    """Load the variant of a run, which may be being trained: the last checkpoint is one of then.

    Args:
        run: whose variant.
        device: where it is put.
        which: checkpoint: ``"last"``, ``"best"`` or a step.

    Raises:
        GanzooError: its plugin is missing, or the checkpoint is missing, damaged or does not fit.
    """
    return read_one(run, partial(_load, run, device), which)


def read_one(run: Run, read: Callable[[Path], Read], which: str = "last") -> Read:
    """Read a checkpoint of a run, which may be being trained: the last one is one of then.

    Args:
        run: whose checkpoint.
        read: is called with the folder of one, and again if that was removed meanwhile.
        which: ``"last"``, ``"best"`` or a step.

    Raises:
        GanzooError: there is no such checkpoint, or by `read`.
    """
    for _ in range(ATTEMPTS):
        stored = run.checkpoint_at(which)
        try:
            return read(stored)
        except GanzooError:
            if stored.exists():
                raise
    raise removed(stored)


def removed(stored: Path) -> GanzooError:
    """A checkpoint was there before, and is not now."""
    return GanzooError(
        f"{stored} was removed meanwhile: a training that goes on keeps its last "
        f"{checkpoint.KEPT} checkpoints: try again"
    )


def _load(run: Run, device: torch.device, stored: Path) -> Loaded:
    with preferring(run.plugins), no_larger_than(stored), drawing_apart(device):
        variant = build_variant(run.settings, device)
    expected = published_weights(variant)
    digest = checkpoint.digest(stored, checkpoint.WEIGHTS)
    tensors = checkpoint.load_weights(stored, run.identity, expected)
    with torch.no_grad():
        for name, live in expected.items():
            live.copy_(tensors[name])
    enter_again(variant)
    return Loaded(variant.eval(), stored, digest)


def build_variant(settings: Record, device: torch.device) -> Variant:
    """The variant that a ``run.json`` describes, its weights drawn from the default generator.

    If it has stages, it is in the first.
    """
    name = settings["variant"]
    qualified = f"{name['plugin']}:{name['name']}"
    cls: type[Variant] = registry().variant(qualified).load()
    config: Any = equipped(build(cls.Config, settings["config"]))
    variant = cls(config, data_spec(settings)).to(device)
    enter(variant, START)
    return variant


def published_weights(variant: Variant) -> dict[str, Tensor]:
    """The live tensors of the networks that `Variant.forward` needs, and of its stage, by name."""
    live = {
        f"{net}.{name}": value
        for net in variant.published
        for name, value in variant.get_submodule(net).state_dict(keep_vars=True).items()
    }
    live |= where_entered(variant)
    return {name: value.detach() for name, value in distinct(live).items()}
