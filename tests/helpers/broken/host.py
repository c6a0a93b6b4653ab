"""Broken where a graph is captured, or on another device than the CPU."""

import random
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ganzoo import Batch, DataSpec, Phase, Upkeep
from ganzoo.abilities import Classifier, Direction, Translator
from helpers.broken.declared import OtherPhases
from helpers.broken.noted import breaks
from helpers.sound.healthy import Healthy, HealthyConfig

# capture, device


class OtherLoss(Healthy):
    def times(self, loss: Tensor) -> float | Tensor:
        raise NotImplementedError

    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        return loss * self.times(loss.detach())


@breaks("capture", r"phase 'd': host.py:\d+: `.*item\(\).*` reads a tensor on the host")
class GateOnTheHost(Healthy):
    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [g, replace(d, when=self.believes)]

    def believes(self, batch: Batch) -> Tensor:
        return torch.tensor(batch.metrics["real_score"].item() < 2)


@breaks("capture", r"phase 'adjust': host.py:\d+: `.*item\(\).*` reads a tensor on the host")
class UpkeepOnTheHost(Healthy):
    def upkeep(self) -> list[Upkeep]:
        return [Upkeep("adjust", self.adjust, every=16)]

    def adjust(self) -> None:
        self.dial.fill_(self.dial.item() / 2)


@breaks("capture", r"phase 'd': host.py:\d+: `.*item\(\)\)` reads a tensor on the host; keep to")
class Item(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return min(1.0, loss.item())


@breaks("capture", r"phase 'g': host.py:\d+: `.*cpu\(\)` reads a tensor on the host", ("device",))
class LogsOnTheHost(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        batch.metrics["margin"] = loss.detach().cpu()
        return loss


@breaks("device", r"phase 'g' copies a tensor to the CPU \(NotImplementedError at host.py:\d+")
class MovesToTheHost(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        batch.metrics["margin"] = loss.detach().to("cpu")
        return loss


@breaks(
    "capture", r"phase 'd': host.py:\d+: `.*tolist\(\)\)` reads a tensor on the host", ("device",)
)
class ToList(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return min(1.0, loss.tolist())


@breaks("capture", r"phase 'd': host.py:\d+: `.*asarray\(loss\)\)\)` reads a tensor on the host")
class AsArray(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return min(1.0, float(np.asarray(loss)))


@breaks("capture", r"phase 'd': host.py:\d+: .* indexes by a mask")
class Masks(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        real = self.discriminator(batch.image)
        return super().d_loss(batch) + 0 * real[real > 0].sum()


@breaks("capture", r"phase 'd': host.py:\d+: .* is not the same at every iteration", ("resume",))
class HostSchedule(OtherLoss):
    calls = 0

    def times(self, loss: Tensor) -> float | Tensor:
        self.calls += 1
        return 1 + 0.1 * self.calls


@breaks("capture", r"`return torch.tensor.*` is not the same at every iteration", ("resume",))
class HostTensor(HostSchedule):
    def times(self, loss: Tensor) -> float | Tensor:
        self.calls += 1
        return torch.tensor(1 + 0.1 * self.calls)


@breaks("capture", r"phase 'd': host.py:\d+: `.*torch.tensor.*` copies numbers from the host")
class HostNumber(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return torch.tensor(1.0, device=self.device)


@breaks("capture", r"phase 'd': host.py:\d+: `.*\[\[0\]\].*` copies numbers from the host")
class ListOfIndices(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return loss.new_ones(2)[[0]].mean()


@breaks("capture", r"host.py:\d+: .*random\(\)` is not the same at every iteration", ("seed",))
class PythonRandom(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return loss.sigmoid() + random.random()


@breaks("capture", r"phase 'd': host.py:\d+: `if .*` reads a tensor on the host")
class ClipsIfLarge(OtherPhases):
    def phases(self) -> list[Phase]:
        g, d = Healthy.phases(self)
        return [g, replace(d, after=self.clip)]

    def clip(self) -> None:
        if self.discriminator[1].weight.norm() > 10:
            self.discriminator[1].weight.mul_(0.5)


@breaks("device", r"phase 'g': .* meets a tensor on the CPU .*host.py:\d+: .*randn")
class NoiseOnTheCPU(Healthy):
    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, 3)


@breaks("device", r"translate\(\) in direction 'b2a': .* meets a tensor on the CPU .*torch.ones")
class TranslatesWithTheCPU(Healthy, Translator):
    directions = (Direction("a2b", "image", "image"), Direction("b2a", "image", "image"))

    def translate(self, image: Tensor, direction: str) -> Tensor:
        return (image if direction == "a2b" else image * -torch.ones(1)).tanh()


@breaks("device", r"classify\(\) makes its result on the CPU: make it with device=self.device")
class ClassifiesOnTheCPU(Healthy, Classifier):
    def classify(self, image: Tensor) -> Tensor:
        return torch.full((len(image), 10), 0.1)


@breaks("device", r"meets a tensor on the CPU that is no buffer .* register_buffer\(\)")
class PlainAttribute(OtherLoss):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.weights = torch.linspace(0, 1, 4)

    def times(self, loss: Tensor) -> float | Tensor:
        return (self.weights * torch.ones_like(loss)).mean()
