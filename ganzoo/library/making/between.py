"""Networks between those of two runs: a little of one is often better than all of either."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import torch

from ganzoo.artifacts.places import expanded
from ganzoo.errors import GanzooError
from ganzoo.runs.load import load, published_weights
from ganzoo.runs.run import Run
from ganzoo.variant import Variant


def parse_share(named: str) -> tuple[Path, float]:
    """The run and the share of ``RUN:0.2``.

    Raises:
        GanzooError: it is of another form.
    """
    path, colon, number = named.rpartition(":")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not colon or not 0 <= share <= 1:
        raise GanzooError(
            f"--interpolate takes RUN:SHARE with a share from 0 to 1, as in "
            f"runs/00001-srgan-photos:0.2, not '{named}'"
        )
    return expanded(path), share


@torch.no_grad()
def between(variant: Variant, named: str) -> Variant:
    """A variant whose weights lie between its own and those of another run.

    Wang et al. 2018, eq. 7 (https://arxiv.org/abs/1809.00219), of whom α is one less the share.

    Args:
        variant: it is left as it is.
        named: ``RUN:SHARE``: how much the weights of that run count.

    Raises:
        GanzooError: there is no such run, or its networks are others.
    """
    path, share = parse_share(named)
    other = load(Run.open(path), variant.device).variant
    made = deepcopy(variant)
    ours, theirs = published_weights(made), published_weights(other)
    shapes = [{name: value.shape for name, value in each.items()} for each in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise GanzooError(
            f"--interpolate: the networks of {path} are others than those of this run: name a run "
            "that was trained with the same settings of its networks"
        )
    for name, value in ours.items():
        if value.is_floating_point():
            value.lerp_(theirs[name], share)
    return made
