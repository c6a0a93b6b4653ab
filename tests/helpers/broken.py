"""A small healthy variant, and for each check of the kit some that fail it."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, one_hot, softplus

from ganzoo import Adam, Batch, DataSpec, GanzooError, Phase, Player, Upkeep, Variant, option
from ganzoo.abilities import Classifier, Direction, Encoder, Translator
from ganzoo.schedules import Progress, Stage


@dataclass(frozen=True)
class HealthyConfig:
    lr: float = option(1e-3, "learning rate of both Adams", above=0)
    penalty: float = option(1.0, "weight of the gradient penalty", minimum=0)


class Healthy(Variant):
    """G and D of one hidden layer, on data of any shape, with a gradient penalty at the data."""

    Config: type = HealthyConfig

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 100, "batch_size": 4}

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        n = math.prod(data.shape)
        self.generator = nn.Sequential(
            nn.Linear(3, 8),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Linear(8, n),
            nn.Tanh(),
            nn.Unflatten(1, data.shape),
        )
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.Linear(n, 8), nn.Softplus(), nn.Linear(8, 1)
        )
        self.register_buffer("dial", torch.tensor(1.0))

    def players(self) -> dict[str, Player]:
        optim = Adam(self.config.lr)
        return {"g": Player(("generator",), optim, ema=0.9), "d": Player(("discriminator",), optim)}

    def phases(self) -> list[Phase]:
        return [
            Phase("g", "g", self.g_loss),
            Phase("d", "d", self.d_loss, second_order=True),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return {"g.lr": lambda progress: 1 - progress, "dial": lambda progress: progress}

    def g_loss(self, batch: Batch) -> Tensor:
        fake = self(self.sample_latent(len(batch)))
        batch.shared["fake"] = fake.detach()
        weight = torch.full((), 0.5, device=self.device)
        return weight * softplus(-self.discriminator(fake)).mean()

    def d_loss(self, batch: Batch) -> Tensor:
        real, fake = self.discriminator(batch.image), self.discriminator(batch.shared["fake"])
        batch.metrics["real_score"] = real.detach().sigmoid().mean()
        penalty = self.config.penalty * self.gradient_penalty(batch.image)
        return softplus(-real).mean() + softplus(fake).mean() + penalty

    def gradient_penalty(self, image: Tensor) -> Tensor:
        at = image.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.discriminator(at).sum(), at, create_graph=True)
        return gradient.flatten(1).square().sum(1).mean()

    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, 3, device=self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(latent)


class Broken(NamedTuple):
    """What a check must say of a variant."""

    check: str
    cls: type
    sentence: str
    """A regex: what is wrong, and what to do."""
    also: tuple[str, ...]
    """Other checks that cannot but fail."""


BROKEN: list[Broken] = []


def breaks(check: str, sentence: str, also: tuple[str, ...] = ()) -> Callable[[type], type]:
    def noted(cls: type) -> type:
        BROKEN.append(Broken(check, cls, sentence, also))
        return cls

    return noted


# target, config, recipe


@breaks("target", "it must be a subclass of ganzoo.Variant")
class NoVariant:
    pass


@breaks("target", "lacks phases: every variant defines")
class NoPhases(Variant):
    Config = HealthyConfig

    def players(self) -> dict[str, Player]:
        return {}


@breaks("target", r"Config.lr has the default 0.0: it must be a value that --lr")
class BadDefault(Healthy):
    @dataclass(frozen=True)
    class Config(HealthyConfig):
        lr: float = option(0.0, "learning rate of both Adams", above=0)


@breaks("config", r"Config can be changed .*: write @dataclass\(frozen=True\)")
class Thawed(Healthy):
    @dataclass
    class Config:
        lr: float = option(1e-3, "learning rate", above=0)
        penalty: float = option(1.0, "weight", minimum=0)


@breaks("config", r"the doc of FullStop.Config.lr is 'Learning rate.': leave out the full stop")
class FullStop(Healthy):
    @dataclass(frozen=True)
    class Config(HealthyConfig):
        lr: float = option(1e-3, "Learning rate.", above=0)


@breaks(
    "recipe", r"NoBatchSize.recipe\(\) for 'random digits' has no whole number 'batch_size': say"
)
class NoBatchSize(Healthy):
    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 100}


@breaks("recipe", "'width', which is no field of HealthyConfig: leave it out or declare it")
class StrangeSetting(Healthy):
    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {**super().recipe(data), "width": 3}


@breaks(
    "recipe",
    r"sets lr to a value that is not allowed \(--lr must be above 0, not -1\): stay in its range",
)
class OutOfRange(Healthy):
    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {**super().recipe(data), "lr": -1}


RECIPE = {"steps": 100, "batch_size": 4}


@breaks("recipe", "returns the same dict each time, which a training changes: copy it")
class OneDict(Healthy):
    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return RECIPE


# players, normalisation, phases, schedules


@breaks("players", r"tied.0.weight belongs to player 'd' and, as generator.0.weight, to 'g'")
class TiedNetworks(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.tied = self.generator

    def players(self) -> dict[str, Player]:
        d = Player(("discriminator", "tied"), Adam(1e-3))
        return {**super().players(), "d": d}


@breaks("players", "extra belongs to no player and would never learn: add its network")
class Orphan(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.extra = nn.Parameter(torch.ones(1))


@breaks("players", "names the network 'critic', .* only generator, discriminator: name one of")
class NoCritic(Healthy):
    def players(self) -> dict[str, Player]:
        return {**super().players(), "d": Player(("critic",), Adam(1e-3))}


@breaks("players", r"are 'generator': give a tuple of names, \('net',\)")
class NoTuple(Healthy):
    def players(self) -> dict[str, Player]:
        return {**super().players(), "g": Player("generator", Adam(1e-3))}  # type: ignore[arg-type]


@breaks("players", "published names the network 'decoder'")
class PublishesNothing(Healthy):
    published = ("decoder",)


@breaks("players", r"discriminator.1.weight of player 'd' needs no gradient .* register_buffer")
class Frozen(Healthy):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.discriminator[1].weight.requires_grad_(False)


@breaks(
    "normalisation", "generator.1 adds an eps of 0.8 .*: if a momentum is meant, write momentum="
)
class MomentumAsEps(Healthy):
    """As PyTorch-GAN has it."""

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator[1] = nn.BatchNorm1d(8, 0.8)


class OtherPhases(Healthy):
    changed: ClassVar[dict[str, Any]]

    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [g, replace(d, **self.changed)]


@breaks("phases", "two phases are called 'g': give each a name")
class SameName(OtherPhases):
    changed: ClassVar = {"name": "g"}


@breaks("phases", "is of player 'critic', who is none of g, d: name one of players()")
class NoSuchPlayer(OtherPhases):
    changed: ClassVar = {"player": "critic"}


@breaks("phases", "every of phase 'd' is 0: give 1 or more")
class Never(OtherPhases):
    changed: ClassVar = {"every": 0}


@breaks("phases", r"repeat of phase 'd' is 1.5 at iteration 0: return a whole number")
class HalfAnUpdate(OtherPhases):
    changed: ClassVar = {"repeat": lambda iteration: 1.5}


@breaks(
    "phases", "repeat of phase 'd' is 1 and then 2 for the same 0: compute it from its argument"
)
class CountsCalls(Healthy):
    calls = 0

    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [g, replace(d, repeat=self.updates)]

    def updates(self, iteration: int) -> int:
        self.calls += 1
        return self.calls


@breaks("phases", "player 'd' moves in no phase: add one, or leave the player out")
class OnlyG(Healthy):
    def phases(self) -> list[Phase]:
        return super().phases()[:1]


@breaks(
    "phases", r"stage\(\) returns Stage\(level=\[False\].*: return ganzoo.Stage\(LEVEL\), where"
)
class ListOfStages(Healthy):
    def stage(self, now: Progress) -> Any:
        return Stage([now.images > 1000])  # type: ignore[arg-type]


class OtherSchedules(Healthy):
    by_name: ClassVar[dict[str, Callable[[float], float]]]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return self.by_name


@breaks("schedules", r"'critic.lr' is of no player: name one of g, d, as in 'g.lr'")
class RateOfNobody(OtherSchedules):
    by_name: ClassVar = {"critic.lr": lambda progress: 1.0}


@breaks("schedules", r"'fade' sets no 0-d buffer: call register_buffer\('fade'")
class NoBuffer(OtherSchedules):
    by_name: ClassVar = {"fade": lambda progress: 1.0}


@breaks("schedules", r"'g.lr' is -0.5 at a progress of 1, .* never negative: use max")
class NegativeRate(OtherSchedules):
    by_name: ClassVar = {"g.lr": lambda progress: 0.5 - progress}


@breaks("schedules", "'dial' is nan at a progress of 0: return a number")
class NoNumber(OtherSchedules):
    by_name: ClassVar = {"dial": lambda progress: math.nan}


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
    "other-data", r"on labelled points of shape 2 it cannot be built \(ValueError at broken.py:"
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
    "other-data", r"gallery\(examples\) fails \(RuntimeError at broken.py:\d+", ("output", "device")
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


# capture, device


class OtherLoss(Healthy):
    def times(self, loss: Tensor) -> float | Tensor:
        raise NotImplementedError

    def d_loss(self, batch: Batch) -> Tensor:
        loss = super().d_loss(batch)
        return loss * self.times(loss.detach())


@breaks("capture", r"phase 'd': broken.py:\d+: `.*item\(\).*` reads a tensor on the host")
class GateOnTheHost(Healthy):
    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [g, replace(d, when=self.believes)]

    def believes(self, batch: Batch) -> Tensor:
        return torch.tensor(batch.metrics["real_score"].item() < 2)


@breaks("capture", r"phase 'adjust': broken.py:\d+: `.*item\(\).*` reads a tensor on the host")
class UpkeepOnTheHost(Healthy):
    def upkeep(self) -> list[Upkeep]:
        return [Upkeep("adjust", self.adjust, every=16)]

    def adjust(self) -> None:
        self.dial.fill_(self.dial.item() / 2)


@breaks("capture", r"phase 'd': broken.py:\d+: `.*item\(\)\)` reads a tensor on the host; keep to")
class Item(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return min(1.0, loss.item())


@breaks("capture", r"phase 'g': broken.py:\d+: `.*cpu\(\)` reads a tensor on the host", ("device",))
class LogsOnTheHost(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        batch.metrics["margin"] = loss.detach().cpu()
        return loss


@breaks("device", r"phase 'g' copies a tensor to the CPU \(NotImplementedError at broken.py:\d+")
class MovesToTheHost(Healthy):
    def g_loss(self, batch: Batch) -> Tensor:
        loss = super().g_loss(batch)
        batch.metrics["margin"] = loss.detach().to("cpu")
        return loss


@breaks(
    "capture", r"phase 'd': broken.py:\d+: `.*tolist\(\)\)` reads a tensor on the host", ("device",)
)
class ToList(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return min(1.0, loss.tolist())


@breaks("capture", r"phase 'd': broken.py:\d+: `.*asarray\(loss\)\)\)` reads a tensor on the host")
class AsArray(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return min(1.0, float(np.asarray(loss)))


@breaks("capture", r"phase 'd': broken.py:\d+: .* indexes by a mask")
class Masks(Healthy):
    def d_loss(self, batch: Batch) -> Tensor:
        real = self.discriminator(batch.image)
        return super().d_loss(batch) + 0 * real[real > 0].sum()


@breaks("capture", r"phase 'd': broken.py:\d+: .* is not the same at every iteration", ("resume",))
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


@breaks("capture", r"phase 'd': broken.py:\d+: `.*torch.tensor.*` copies numbers from the host")
class HostNumber(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return torch.tensor(1.0, device=self.device)


@breaks("capture", r"phase 'd': broken.py:\d+: `.*\[\[0\]\].*` copies numbers from the host")
class ListOfIndices(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return loss.new_ones(2)[[0]].mean()


@breaks("capture", r"broken.py:\d+: .*random\(\)` is not the same at every iteration", ("seed",))
class PythonRandom(OtherLoss):
    def times(self, loss: Tensor) -> float | Tensor:
        return loss.sigmoid() + random.random()


@breaks("capture", r"phase 'd': broken.py:\d+: `if .*` reads a tensor on the host")
class ClipsIfLarge(OtherPhases):
    def phases(self) -> list[Phase]:
        g, d = Healthy.phases(self)
        return [g, replace(d, after=self.clip)]

    def clip(self) -> None:
        if self.discriminator[1].weight.norm() > 10:
            self.discriminator[1].weight.mul_(0.5)


@breaks("device", r"phase 'g': .* meets a tensor on the CPU .*broken.py:\d+: .*randn")
class NoiseOnTheCPU(Healthy):
    def sample_latent(self, n: int) -> Tensor:
        return torch.randn(n, 3)


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
