"""Broken games: losses, what they write to, and data of another kind."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo import Batch, DataSpec, GanzooError, Phase
from helpers.broken.noted import breaks
from helpers.sound.healthy import Healthy, HealthyConfig

# loss, iteration, other-data, own-parameters


@breaks("loss", r"phase 'g' is of torch.float32 and shape \(4, 1\): return a scalar")
class ALossEach(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        super().g_loss(batch)
        return softplus(-self.discriminator(self(self.sample_latent(len(batch)))))


@breaks("loss", r"phase 'd' is inf at the first weights: look for log\(0\)")
class LogOfZero(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(batch) - (0 * batch.image.mean()).log()


@breaks("loss", r"phase 'g' is detached .* without detach\(\) and no_grad\(\)")
class Detached(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        return super().g_loss(batch).detach()


@breaks("loss", r"phase 'g' changes batch.data\['image'\].*: compute a new tensor")
class AddsNoise(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        batch.image.add_(0.1 * torch.randn_like(batch.image))
        return super().g_loss(batch)


@breaks("loss", r"batch.metrics\['margin'\], which is no detached 0-d tensor: give it .detach\(\)")
class KeepsTheGraph(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        batch.metrics["margin"] = loss
        return loss


@breaks("loss", r"batch.metrics\['score'\] = 0.\d+: leave a 0-d tensor, without .item\(\)")
class LogsAFloat(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        batch.metrics["score"] = batch.metrics["real_score"].item()
        return loss


@breaks("loss", r"phase 'g' calls backward\(\): return the loss, and leave gradients")
class StepsItself(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        loss.backward(retain_graph=True)
        return loss


@breaks("loss", r"batch.shared\['fake'\], which is no detached tensor: give it .detach\(\)")
class SharesTheGraph(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        batch.shared["fake"] = fake = self(self.sample_latent(len(batch)))
        return softplus(-self.discriminator(fake)).mean()


@breaks("loss", "logs a metric 'd_loss', a name that ganzoo logs itself: choose another")
class LogsTwice(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        batch.metrics["d_loss"] = loss.detach()
        return loss


@breaks("iteration", r"makes generator.0.weight infinite or nan .* such as that of sqrt at 0")
class RootOfZero(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(self.sample_latent(len(batch)))
        return super().g_loss(batch) + (fake - fake).mean().sqrt()


@breaks(
    "other-data", r"on labelled points of shape 2 it cannot be built \(ValueError at played.py:"
)
class ImagesOnly(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        _channels, _height, _width = data.shape
        super().__init__(config, data)


@breaks("other-data", r"refuses without naming the data \('no points'\): put data.name into")
class RefusesCurtly(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        if not data.is_image:
            raise GanzooError("no points")
        super().__init__(config, data)


@breaks("other-data", r"in more than one sentence .*: write one")
class RefusesAtLength(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        if not data.is_image:
            raise GanzooError(f"'{data.name}' has points. Use images")
        super().__init__(config, data)


@breaks("other-data", r"gallery\(examples\) returns samples of shape 1x28x28: make the networks")
class OnlyDigits(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator = nn.Sequential(nn.Linear(3, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.AdaptiveAvgPool1d(8), nn.Softplus(), nn.Linear(8, 1)
        )

    def gradient_penalty(self, image: Tensor) -> Tensor:
        return super().gradient_penalty(image.flatten(1)[:, None].expand(-1, 1, -1))


@breaks(
    "other-data", r"gallery\(examples\) fails \(RuntimeError at played.py:\d+", ("output", "device")
)
class HalfAGallery(Healthy):
    def gallery(self, examples: dict[str, Tensor]) -> Tensor:
        raise RuntimeError("not yet")


@breaks("other-data", r"recipe\(\) for 'labelled points' has no whole number 'batch_size'")
class HalfARecipe(Healthy):
    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 100, "batch_size": 4} if data.is_image else {"steps": 100}


@breaks("own-parameters", "phase 'd' of player 'd' changes generator.0.weight, .*see .*`after`")
class ClipsTheOther(Healthy):
    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [g, replace(d, after=self.clip)]

    def clip(self) -> None:
        for weight in self.generator.parameters():
            weight.clamp_(-0.01, 0.01)


@breaks("own-parameters", "loss of phase 'd' writes to discriminator.1.weight: leave weights to")
class ClipsInTheLoss(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        with torch.no_grad():
            for weight in self.discriminator.parameters():
                weight.clamp_(-0.01, 0.01)
        return super().d_loss(batch)


@breaks("own-parameters", "phase 'g' moves no parameter of its player 'g': have its loss depend")
class LooksAway(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        super().g_loss(batch)
        return softplus(-self.discriminator(batch.shared["fake"])).mean()


@breaks("own-parameters", r"generator.spare never gets a gradient, in no phase: use it, or leave")
class SpareWeight(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator.register_parameter("spare", nn.Parameter(torch.ones(1)))
