"""Broken samples: their range and shape, and whether they are ever the same."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, dropout, interpolate, one_hot

from ganzoo import Adam, DataSpec, Player
from ganzoo.abilities import Classifier, Direction, Encoder, Enlarger, Translator
from helpers.broken.noted import breaks
from helpers.sound.healthy import Healthy, HealthyConfig

# output, sampling, published


class OtherSamples(Healthy):
    def shown(self, image: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.shown(super().forward(latent))


@breaks("output", r"forward\(\) makes images with values up to .*: end in Tanh, or map to")
class InBytes(OtherSamples):
    def shown(self, image: Tensor) -> Tensor:
        return 127.5 * (image + 1)


@breaks(
    "output", r"forward\(\) of inputs far from 0 makes images with values up to .*: end in Tanh"
)
class NoTanh(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator[4] = nn.Identity()
        nn.init.normal_(self.generator[3].weight, 0, 0.02)


@breaks("output", r"forward\(\) makes images without a value below 0: .* end in Tanh")
class FromZero(OtherSamples):
    def shown(self, image: Tensor) -> Tensor:
        return (image + 1) / 2


@breaks("output", r"forward\(\) makes torch.float16: give float32")
class HalfSamples(OtherSamples):
    def shown(self, image: Tensor) -> Tensor:
        return image if self.training else image.half()


@breaks(
    "output", r"samples of shape \(784,\), .*\(1, 28, 28\): make the last layer", ("other-data",)
)
class FlatSamples(OtherSamples):
    def shown(self, image: Tensor) -> Tensor:
        return image.flatten(1)


@breaks("output", r"sample_latent\(7\) gives 8 rows: make the first dimension n")
class EvenLatents(Healthy):
    def sample_latent(self, n: int) -> Tensor:
        return super().sample_latent(n + n % 2)


@breaks("output", r"classify\(\) gives no probabilities: take the softmax")
class NoSoftmax(Healthy, Classifier):
    def classify(self, image: Tensor) -> Tensor:
        return one_hot(image.flatten(1).argmax(1) % 10, 10).float() * 2


@breaks("output", r"measure\(\) says that accuracy is tensor\(1.\): return finite floats")
class MeasuresTensors(Healthy):
    held_out = True

    def measure(self, test: Any) -> dict[str, float]:
        return {"accuracy": torch.tensor(1.0)}  # type: ignore[dict-item]


@breaks("sampling", r"forward\(\) gives another result each time: in eval mode, draw no random")
class AlwaysDropsOut(OtherSamples):
    def shown(self, image: Tensor) -> Tensor:
        return 0.5 * dropout(image)


@breaks(
    "sampling", r"another result in batches of 1 than in one of 7: .* no statistics of the batch"
)
class CentresBatches(OtherSamples):
    batchwise = True

    def shown(self, image: Tensor) -> Tensor:
        return 0.5 * (image - image.mean(0))


@breaks("published", r"with the weights of generator alone, .*: add what it reads to `published`")
class TwoStages(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.mapping = nn.Linear(3, 3)

    def players(self) -> dict[str, Player]:
        g = Player(("mapping", "generator"), Adam(1e-3))
        return {**super().players(), "g": g}

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(self.mapping(latent))


@breaks("output", r"encode\(\) gives latents of shape \(4,\), and sample_latent draws \(3,\): give")
class EncodesTooMuch(Healthy, Encoder):
    def encode(self, image: Tensor) -> Tensor:
        return image.flatten(1)[:, :4]

    def reconstruct(self, image: Tensor) -> Tensor:
        return image


@breaks(
    "sampling", r"translate\(\) in direction 'a2b' gives another result with the same seed: draw"
)
class DrawsOnItsOwn(Healthy, Translator):
    directions = (Direction("a2b", "image", "image"),)
    stochastic = True
    calls = 0

    def translate(self, image: Tensor, direction: str) -> Tensor:
        self.calls += 1
        return (image + self.calls / 100).tanh()


@breaks("sampling", r"translate\(\) .* another result each time: .* or say stochastic = True")
class ForgetsToSaySo(Healthy, Translator):
    directions = (Direction("a2b", "image", "image"),)

    def translate(self, image: Tensor, direction: str) -> Tensor:
        return (image + torch.rand_like(image)).tanh()


@breaks(
    "sampling", r"enlarge\(\) looks at pixels farther away than reach = 1: say how far it looks"
)
class LooksFarther(Healthy, Enlarger):
    reach = 1

    def enlarge(self, image: Tensor) -> Tensor:
        seen = avg_pool2d(image.tanh(), 5, 1, 2)
        return interpolate(seen, scale_factor=2.0)


@breaks("output", r"draws within \[-1, 1\] alone, and prior says 'normal': say prior = 'uniform'")
class GoesTheWrongWay(Healthy):
    def sample_latent(self, n: int) -> Tensor:
        return super().sample_latent(n).clamp(-1, 1)


@breaks("output", "prior is 'gaussian': it must be one of normal, uniform")
class DrawsOtherwise(Healthy):
    prior = "gaussian"
