"""Regularisers and augmentations that each fail one check of the kit."""

import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import DataSpec, GanzooError, option
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


class DetachesPart(R1):
    """A norm times itself, of which one learns."""

    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        norms = squared_norms(critic, real)
        return (norms * norms.detach()).mean()


class TakesGradientsAtTheSamples(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        real.requires_grad_()
        (gradient,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
        return gradient.square().mean()


class LeavesGradients(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        critic(real).sum().backward()
        return super().forward(critic, real, fake)


class NoiseOnTheCPU(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return super().forward(critic, real + torch.randn(real.shape), fake)


class PythonRandom(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return super().forward(critic, random.random() * real, fake)


class Learns(R1):
    def __init__(self, config: GammaConfig) -> None:
        super().__init__(config)
        self.bias = nn.Parameter(torch.zeros(()))


class ImagesAlone(R1):
    def forward(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        return super().forward(critic, real.flip(3), fake)


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


class InPlace(Brighter):
    def forward(self, sample: Tensor) -> Tensor:
        with torch.no_grad():
            sample.add_(torch.rand(len(sample), *[1] * (sample.dim() - 1), device=sample.device))
        return sample * 1


class PicturesOnly(Brighter):
    def forward(self, sample: Tensor) -> Tensor:
        n, channels, _, _ = sample.shape
        return sample + torch.rand(n, channels, 1, 1, device=sample.device)


class Curt(PicturesOnly):
    def check(self, data: DataSpec) -> None:
        if not data.is_image:
            raise GanzooError("images only")


class Cropped(Brighter):
    def forward(self, sample: Tensor) -> Tensor:
        return sample[..., 1:]


class Rounded(Brighter):
    def forward(self, sample: Tensor) -> Tensor:
        shape = len(sample), *[1] * (sample.dim() - 1)
        return sample.round() + torch.rand(shape, device=sample.device)
