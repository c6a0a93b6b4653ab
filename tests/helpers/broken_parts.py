"""Regularisers and augmentations that each fail one check of the kit."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo import option
from ganzoo.augmentations import SeenAugmentation
from ganzoo.regularisers import R1, Critic, GammaConfig, squared_norms


class Detached(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return super().forward(critic, real, fake).detach()


class Vector(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return squared_norms(critic, real)


class Reads(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        penalty = super().forward(critic, real, fake)
        return penalty * (1.0 if penalty.item() > 0 else 2.0)


class WithoutSettings(R1):
    Config = dataclass(frozen=True)(type("Empty", (), {}))

    def __init__(self, config: Any) -> None:
        super().__init__(GammaConfig())


@dataclass(frozen=True)
class NoConfig:
    strength: float = option(1.0, "how much", minimum=0)


class Brighter(SeenAugmentation):
    """The same for all samples."""

    Config = NoConfig

    def __init__(self, config: NoConfig) -> None:
        super().__init__(config)
        self.strength = config.strength

    def forward(self, sample: Tensor) -> Tensor:
        return sample + self.strength * torch.rand(1, device=sample.device)


class Cropped(Brighter):
    def forward(self, sample: Tensor) -> Tensor:
        return sample[..., 1:]


class Rounded(Brighter):
    def forward(self, sample: Tensor) -> Tensor:
        return sample.round() + torch.rand(len(sample), 1, 1, 1, device=sample.device)
