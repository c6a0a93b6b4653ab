"""Whether samples begin to be copies of few training images, seen while a training goes on."""

import torch
from torch import Tensor

from ganzoo.metrics.form import as_stored
from ganzoo.metrics.images.memory import memorised
from ganzoo.metrics.images.near import nearest_changed
from ganzoo.runs.generate import Drawing, generate
from ganzoo.training.settings import Training
from ganzoo.variant import Variant

LOOKED_AT = 100
"""Samples: of a share of 10 % they show 10 ± 3 %."""
SPACING = 40
"""Times as many images are trained on between two looks, of which each takes no longer than a
training on as many as it looks at: 2.5 % of the training at most."""


class Copying:
    """Counts copies among samples, mirrored, moved or recoloured ones too.

    Args:
        images: that are trained on, (m, channels, height, width) as a file has them, m at least 2.
        training: with everything decided; its seed is that of the latents, which are the same at
            each look.
    """

    def __init__(self, images: Tensor, training: Training) -> None:
        assert training.batch_size is not None
        assert training.sample_every is not None
        self._images, self._seed, self._steps = images, training.seed, training.steps
        self._grids = training.sample_every
        self._every = -(-SPACING * LOOKED_AT // training.batch_size)

    def is_due(self, step: int) -> bool:
        """Whether to look at the grid of a step: at that of the end, and at one after `SPACING`."""
        passed = step // self._every > (step - self._grids) // self._every
        return step == self._steps or (step > 0 and passed)

    def share(self, variant: Variant) -> float:
        """Of the samples of a variant in eval mode, in [0, 1]."""
        parts = list(generate(variant, LOOKED_AT, Drawing(seed=self._seed)))
        drawn = torch.cat([part.samples for part in parts])
        distances, _ = nearest_changed(as_stored(variant.data.sample, drawn), self._images)
        return memorised(distances)
