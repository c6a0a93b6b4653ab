"""Broken where a training is repeated, resumed, split into parts or differentiated twice."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ganzoo import Batch, DataSpec
from helpers.broken.declared import OtherPhases
from helpers.broken.noted import breaks
from helpers.sound.healthy import Healthy, HealthyConfig

# seed, resume


@breaks("seed", "generator.0.weight is another each time .*: draw weights by torch's default")
class NumpyWeights(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        weight = self.generator[0].weight
        weight.data.copy_(torch.from_numpy(np.random.default_rng().normal(size=weight.shape)))


@breaks("seed", r"another seed gives the same weights: leave torch.manual_seed\(\)")
class OneSeed(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(5)
            super().__init__(config, data)


@breaks(
    "seed",
    "two trainings from one seed differ, at first in 'g_loss': draw .* torch's default",
    ("capture", "picture"),
)
class NumpyNoise(Healthy):
    def sample_latent(self, n: int) -> Tensor:
        noise = torch.from_numpy(np.random.default_rng().normal(size=(n, 3)))
        return noise.to(self.device, torch.float32)


@breaks(
    "resume",
    r"differs in 'g_loss' \(calls changed and was not saved\): .*register_buffer",
    ("capture",),
)
class Counts(Healthy):
    calls = 0

    def g_loss(self, batch: Batch) -> Tensor:
        self.calls += 1
        return super().g_loss(batch) * (1 + (self.calls > 2))


@breaks("resume", r"\(history changed and was not saved\): keep what changes")
class ListOfFakes(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.history: list[Tensor] = []

    def d_loss(self, batch: Batch) -> Tensor:
        self.history.append(batch.shared["fake"])
        batch.shared["fake"] = self.history[0]
        return super().d_loss(batch)


class Pool:
    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def query(self, image: Tensor) -> Tensor:
        self.images.append(image)
        return image if len(self.images) < 50 else self.images[0]


@breaks("resume", r"pool changed and was not saved: keep what changes")
class PoolThatIsNotFullYet(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.pool = Pool()

    def d_loss(self, batch: Batch) -> Tensor:
        batch.shared["fake"] = self.pool.query(batch.shared["fake"])
        return super().d_loss(batch)


@breaks("resume", r"\(mean changed and was not saved\): keep what changes")
class RunningMean(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.mean = torch.zeros(())

    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        return loss * (1 + self.mean)


# micro-batches, second-order


@breaks("micro-batches", "changes the gradient of phase 'g' by 0.5 of its length: take the mean")
class Sums(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        return super().g_loss(batch) * len(batch)


@breaks("micro-batches", "changes the gradient of phase 'g' by .* or declare batchwise = True")
class MatchesMeans(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        super().g_loss(batch)
        fake = self(self.sample_latent(len(batch)))
        return (self.discriminator(fake).mean() - 1).square()


class KeepsAMean(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.register_buffer("mean", torch.zeros(()))


@breaks("micro-batches", "changes mean once for each part, so do that in the phase's `after`")
class RunningMeanInTheLoss(KeepsAMean):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        self.mean.lerp_(loss.detach(), 0.1)
        return loss * (1 + self.mean)


@breaks(
    "capture", r"another tensor in the place of buffer 'mean'.*: change it in place, by mean.co"
)
class NewBuffer(KeepsAMean):
    batchwise = True

    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        return loss * (1 + self.mean)


@breaks(
    "second-order", r"the slope .*, and its gradient says .*: call torch.autograd.grad\(..., cre"
)
class NoGraph(Healthy):
    def gradient_penalty(self, image: Tensor) -> Tensor:
        at = image.detach().requires_grad_()
        out = self.discriminator(at).sum()
        (gradient,) = torch.autograd.grad(out, at, retain_graph=True)
        return gradient.flatten(1).square().sum(1).mean()


@breaks("second-order", "the slope .* detach nothing of what the penalty is made of")
class DetachesPart(Healthy):
    def gradient_penalty(self, image: Tensor) -> Tensor:
        at = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.discriminator(at).sum(), at, create_graph=True)
        norm = gradient.flatten(1).norm(dim=1)
        return (norm * norm.detach()).mean()


@breaks("second-order", "'d' differentiates a gradient: declare second_order=True")
class Undeclared(OtherPhases):
    changed: ClassVar = {"second_order": False}


@breaks("second-order", "gradient of phase 'd' in float32 is far .*: compute losses from logits by")
class Saturates(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        real = torch.sigmoid(self.discriminator(batch.image) + 17)
        return super().d_loss(batch) - torch.log(1 - real + 1e-7).mean()
