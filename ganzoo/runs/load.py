"""From a run directory to the variant that was trained in it."""

from typing import Any

import torch
from torch import Tensor

from ganzoo.config import build
from ganzoo.engine.learner import distinct
from ganzoo.engine.stages import START, enter, enter_again, where_entered
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import preferring, registry
from ganzoo.runs import checkpoint
from ganzoo.runs.fitting import no_larger_than
from ganzoo.runs.record import Record, data_spec
from ganzoo.runs.run import Run
from ganzoo.variant import Variant


def load_variant(run: Run, device: torch.device, which: str = "last") -> Variant:
    """The variant of a run with the weights of a checkpoint, in eval mode.

    Args:
        run: whose variant.
        device: where it is put.
        which: checkpoint: ``"last"``, ``"best"`` or a step.

    Raises:
        GanzooError: its plugin is missing, or the checkpoint is missing, damaged or does not fit.
    """
    stored = run.checkpoint_at(which)
    with preferring(run.plugins), no_larger_than(stored):
        variant = build_variant(run.settings, device)
    expected = published_weights(variant)
    tensors = checkpoint.load_weights(stored, run.identity, expected)
    with torch.no_grad():
        for name, live in expected.items():
            live.copy_(tensors[name])
    enter_again(variant)
    return variant.eval()


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
