"""Consistency regularisation: D says the same of an image and of the image mirrored and moved."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo import DataSpec, GanzooError, option
from ganzoo.augmentations import Translation
from ganzoo.regularisers import Critic, LambdaConfig, Regulariser


@dataclass(frozen=True)
class ConsistencyConfig(LambdaConfig):
    """λ, and what D is to overlook."""

    ratio: float = option(
        0.125, "of height and width, by up to which images are moved", minimum=0, maximum=1
    )
    flip: bool = option(True, "whether images are mirrored, left to right, at random")


class Consistency(Regulariser):
    """CR, Zhang et al. 2020: λ E[(D(x) - D(T(x)))²], T mirroring images and moving them.

    What is uncovered is 0, as where CR is compared with DiffAugment by the authors of the latter
    (mit-han-lab/data-efficient-gans). D learns from both sides.
    """

    Config = ConsistencyConfig
    metric = "consistency"
    second_order = False

    def __init__(self, config: ConsistencyConfig) -> None:
        super().__init__(config, config.weight)
        self.flip = config.flip
        self.move = Translation(Translation.Config(ratio=config.ratio))

    def check(self, data: DataSpec) -> None:
        if not data.is_image:
            raise GanzooError(
                f"--regulariser {self.metric.replace('_', '-')} moves images, and '{data.name}' "
                "has none: leave it out"
            )

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return self.difference(critic, real)

    def difference(self, critic: Critic, image: Tensor) -> Tensor:
        """How far apart D's verdicts on images (n, channels, height, width) are, a scalar."""
        changed = image
        if self.flip:
            mirrored = torch.rand(len(image), 1, 1, 1, device=image.device) < 0.5
            changed = torch.where(mirrored, image.flip(3), image)
        return (critic(image) - critic(self.move(changed))).square().mean()


class BalancedConsistency(Consistency):
    """bCR, Zhao et al. 2021: the same of fakes too, with the same λ.

    Without it, D may learn that what is moved is real. G can learn to make moved images of it, the
    more, the larger λ is.
    """

    metric = "balanced_consistency"

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return self.difference(critic, real) + self.difference(critic, fake)
