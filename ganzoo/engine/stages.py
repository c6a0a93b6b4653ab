"""The stage that a variant is in, which it goes on with wherever its tensors are loaded."""

from __future__ import annotations

from dataclasses import astuple

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.schedules import ONLY_STAGE, Progress, Stage
from ganzoo.variant import Variant

START = Progress(0, 1, 0)
"""The moment that a training begins at."""
ENTERED = "stage_entered"
"""A buffer of the variant: the `Progress` at which its stage began, which tells the stage."""


def has_stages(variant: Variant) -> bool:
    """Whether it overrides `Variant.stage`."""
    return type(variant).stage is not Variant.stage


def enter(variant: Variant, now: Progress) -> Stage:
    """Have a variant be in the stage of a moment, if it has stages, and say which it is.

    Raises:
        GanzooError: it means something else by `level`.
    """
    if not has_stages(variant):
        return ONLY_STAGE
    kinds = variant._modules, variant._buffers, variant._parameters
    if hasattr(type(variant), "level") or any("level" in kind for kind in kinds):
        raise GanzooError(
            f"{type(variant).__name__} has stages and a `level` of its own, which is to be that of "
            "its stage: call its own otherwise"
        )
    stage = variant.stage(now)
    variant.level = stage.level
    if ENTERED not in variant._buffers:
        variant.register_buffer(ENTERED, torch.zeros(3, dtype=torch.int64, device=variant.device))
    variant.get_buffer(ENTERED).copy_(torch.tensor(astuple(now)))
    return stage


def enter_again(variant: Variant) -> Stage:
    """Have a variant be in the stage that its tensors say, once they are loaded."""
    moment = where_entered(variant).get(ENTERED)
    return ONLY_STAGE if moment is None else enter(variant, Progress(*moment.tolist()))


def where_entered(variant: Variant) -> dict[str, Tensor]:
    """The live tensor by which `enter_again` knows the stage, by its name; empty without stages."""
    return {ENTERED: variant.get_buffer(ENTERED)} if has_stages(variant) else {}
