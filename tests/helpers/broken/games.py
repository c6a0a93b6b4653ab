"""Variants that fail a check by what only some games have: stages, dials, gates, pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import Batch, DataSpec, Gallery, Phase, Upkeep, option
from ganzoo.abilities import Control, Direction, Translator
from ganzoo.schedules import Progress, Stage
from helpers.broken.declared import OtherPhases
from helpers.broken.noted import breaks
from helpers.sound.healthy import Healthy, HealthyConfig

# stages


class Growing(Healthy):
    """Its second stage begins in the middle of the training that its recipe says."""

    def stage(self, now: Progress) -> Stage:
        return Stage(int(now.images >= 200))


class KeepsTheLevel(Growing):
    """Its samples depend on a buffer that a loss sets, and not on the variant's own level."""

    where = "generator"

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.get_submodule(self.where).register_buffer("kept", torch.zeros(()))

    def g_loss(self, batch: Batch) -> Tensor:
        self.get_submodule(self.where).get_buffer("kept").fill_(self.level)
        return super().g_loss(batch)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return super().forward(latent * (1 + self.get_submodule(self.where).get_buffer("kept")))


@breaks(
    "stages",
    r"in stage 1: the averaged 'generator', .* has kept = 0\.\d+ and the trained one 1: set "
    r"'generator.kept' in dials\(\)",
)
class AveragesTheLevel(KeepsTheLevel):
    pass


@breaks("stages", r"in stage 1: forward\(\) gives another result with the weights of generator alo")
class LevelOfTheOther(KeepsTheLevel):
    where = "discriminator"


@breaks("stages", r"in stage 1: forward\(\) gives another result .* take the stage from self.level")
class RemembersTheLevel(Growing):
    reached = 0

    def g_loss(self, batch: Batch) -> Tensor:
        self.reached = self.level
        return super().g_loss(batch)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return super().forward(latent * (1 + self.reached))


@breaks("players", "LevelOfItsOwn has stages and a `level` of its own", ("normalisation",))
class LevelOfItsOwn(Growing):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.register_buffer("level", torch.zeros(()))


@breaks("stages", "in stage 1: its `resets` name the player 'critic', who is none of g, d: name so")
class ResetsNobody(Growing):
    def stage(self, now: Progress) -> Stage:
        return Stage(1, resets=("critic",)) if now.images >= 200 else Stage(0)


@breaks("stages", r"in stage 1, it cannot be played: ZeroDivisionError at games.py:\d+")
class FailsLater(Growing):
    def d_loss(self, batch: Batch) -> Tensor:
        return super().d_loss(batch) * (1 / (1 - self.level))


@breaks("stages", r"in stage 1: gallery\(\) makes samples of shape \(1, 14, 28\), and those of the")
class ShowsHalf(Growing):
    def gallery(self, examples: dict[str, Tensor]) -> Tensor:
        image = examples["image"]
        return image[:, :, : image.shape[2] // 2] if self.level else image


@breaks("stages", "in stage 1: a training that goes on from a checkpoint there differs in 'g_loss'")
class CountsInTheSecondStage(Growing):
    calls = 0

    def g_loss(self, batch: Batch) -> Tensor:
        self.calls += int(self.level == 1)
        return super().g_loss(batch) * (1 + self.calls)


@breaks("stages", "generator.later.weight never gets a gradient, in no stage: use it, or leave it")
class NeverGrows(Growing):
    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.generator.later = nn.Linear(3, 3)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator[:6](latent)


# picture


class OtherGallery(Healthy):
    def shown(self, samples: Tensor) -> Tensor | Gallery:
        raise NotImplementedError

    def gallery(self, examples: dict[str, Tensor]) -> Tensor | Gallery:
        return self.shown(self(self.sample_latent(len(examples["image"]))))


@breaks("picture", r"gallery\(\) shows something else each time .* by torch's default generator")
class Flickers(OtherGallery):
    def shown(self, samples: Tensor) -> Tensor:
        return samples * float(np.random.default_rng().random())


@breaks("picture", r"gallery\(\) says that it made none of its pictures: give True in Gallery.made")
class MadeNothing(OtherGallery):
    def shown(self, samples: Tensor) -> Gallery:
        return Gallery(samples, made=[False] * len(samples))


@breaks("picture", r"the caption of gallery\(\) is 12: give a text")
class CaptionOfANumber(OtherGallery):
    def shown(self, samples: Tensor) -> Gallery:
        return Gallery(samples, caption=12)  # type: ignore[arg-type]


@breaks(
    "picture", r"gallery\(\) changes dial, so that a training depends on how often it is looked"
)
class CountsLooks(OtherGallery):
    def shown(self, samples: Tensor) -> Tensor:
        self.dial += 1
        return samples


# players, phases, loss, schedules


@breaks("players", r"synchronised names 'verdicts', which is no float buffer: call register_buffer")
class SynchronisesNothing(Healthy):
    synchronised = ("verdicts",)


@breaks("players", "frozen names the network 'eye', .* has only generator, discriminator: name one")
class FreezesNothing(Healthy):
    frozen = ("eye",)


@breaks("phases", "phase 'g' is the first and moves together with the one before it: leave out tog")
class TogetherWithNobody(Healthy):
    def phases(self) -> list[Phase]:
        g, d = super().phases()
        return [replace(g, together=True), d]


class OtherUpkeep(Healthy):
    works: ClassVar[tuple[tuple[str, int], ...]]

    def upkeep(self) -> list[Upkeep]:
        return [Upkeep(name, lambda: None, every) for name, every in self.works]


@breaks("phases", "two upkeeps are called 'adjust': give each a name of its own")
class SameUpkeep(OtherUpkeep):
    works = (("adjust", 4), ("adjust", 8))


@breaks("phases", "every of upkeep 'adjust' is 0: give 1 or more")
class NoUpkeep(OtherUpkeep):
    works = (("adjust", 0),)


@breaks(
    "loss", r"`when` of phase 'd' returns something of torch.float32 and shape \(\): return a 0-d"
)
class GateOfScores(OtherPhases):
    changed: ClassVar = {"when": lambda batch: batch.metrics["real_score"]}


@breaks("loss", r"`when` of phase 'd' returns something True: return a 0-d boolean")
class GateInPython(OtherPhases):
    changed: ClassVar = {"when": lambda batch: bool(batch.metrics["real_score"].item() < 2)}


class OtherDials(Healthy):
    by_name: ClassVar[Callable[[Progress], Mapping[str, float]]]

    def dials(self, now: Progress) -> Mapping[str, float]:
        return type(self).by_name(now)


@breaks("schedules", "'g.half_life' is of an average without a half-life: give player 'g' ema=Av")
class HalfLifeOfADecay(OtherDials):
    by_name = staticmethod(lambda now: {"g.half_life": 10.0})


@breaks("schedules", r"dials\(\) names dial at one time and not at another: name all of them alway")
class ComesAndGoes(OtherDials):
    by_name = staticmethod(lambda now: {"dial": 1.0} if now.images else {})


# own-parameters, output, micro-batches


@breaks(
    "own-parameters", "upkeep 'thaw' changes eye.scale of a frozen network, which no checkpoint"
)
class Thaws(Healthy):
    frozen = ("eye",)

    def __init__(self, config: HealthyConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        self.eye = nn.Module()
        self.eye.register_parameter("scale", nn.Parameter(torch.ones(1)))

    def upkeep(self) -> list[Upkeep]:
        return [Upkeep("thaw", lambda: self.eye.scale.mul_(0.5), every=1000)]  # type: ignore[arg-type]


class Identity(Healthy, Translator):
    directions = (Direction("keep", "image", "image"),)

    def translate(self, image: Tensor, direction: str) -> Tensor:
        return image.tanh()


@breaks(
    "output",
    "the direction 'a2b' names the field 'a', and the data have 'image', 'label': name one",
    ("device",),
)
class TranslatesWhatIsNotThere(Identity):
    directions = Translator.directions


@breaks(
    "output",
    "unexpected keyword argument 'hue'",
    ("device",),
)
class ForgetsWhatWasAsked(Identity):
    def controls(self) -> Mapping[str, Control]:
        return {"hue": Control("hue", ("red", "blue"))}


@breaks("output", r"forward\(\) with --psi 0 makes values that are infinite or nan")
class DividesByPsi(Healthy):
    @dataclass(frozen=True)
    class Sampling:
        psi: float = option(1.0, "how far from the mean", minimum=0, maximum=1)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        psi = self.sampling.psi
        return super().forward(latent / torch.full((), float(psi), device=self.device) * psi)


@breaks("micro-batches", "changes the gradient of phase 'g' by 0.5 .*: take the mean over the bat")
class SumsByDesign(Healthy):
    batchwise = True

    def g_loss(self, batch: Batch) -> Tensor:
        return super().g_loss(batch) * len(batch)
