"""How far what is made of an image looks, which decides of what tiles a large one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ganzoo.abilities import Enlarger, OfImages, Restorer, Translator
from ganzoo.testing.check import Failure
from ganzoo.variant import Variant


def check_reach(variant: Variant) -> None:
    """See whether no pixel beyond `OfImages.reach` decides what is made of another one.

    Those beyond it are no numbers, which whatever looks at them becomes as well.

    Raises:
        Failure: one does.
    """
    if not isinstance(variant, OfImages) or variant.reach is None or not variant.multiple:
        return
    reach, step = variant.reach, variant.multiple
    start = (-(-reach // step) + 1) * step
    side = 2 * start + step
    for name, make, channels, factor in _made_of_images(variant):
        image = torch.full((1, channels, side, side), torch.nan, device=variant.device)
        image[..., start - reach : start + step + reach, start - reach : start + step + reach] = 0.5
        made = make(image)[..., factor * start : factor * (start + step), :]
        if not made[..., factor * start : factor * (start + step)].isfinite().all():
            raise Failure(
                f"{name} looks at pixels farther away than reach = {reach}: say how far it looks, "
                "or None"
            )


def _made_of_images(
    variant: OfImages,
) -> Iterator[tuple[str, Callable[[Tensor], Tensor], int, int]]:
    """What makes images, as its author knows it, of how many channels, and how much larger."""
    assert isinstance(variant, Variant)
    data = variant.data
    if isinstance(variant, Enlarger):
        yield "enlarge()", variant.enlarge, data.sample.shape[0], variant.factor
    if isinstance(variant, Restorer):
        fill = variant.restore
        yield "restore()", lambda image: fill(image, image[:, :1]), data.sample.shape[0], 1
    if isinstance(variant, Translator):
        for way in variant.directions:
            translate = partial(variant.translate, direction=way.name)
            name = f"translate() in direction '{way.name}'"
            yield name, translate, data.fields[way.source].shape[0], 1
