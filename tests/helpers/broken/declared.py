"""Broken declarations: the target, settings, recipe, players, phases and schedules."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import nn

from ganzoo import Adam, DataSpec, Phase, Player, Variant, option
from ganzoo.schedules import Progress, Stage
from helpers.broken.noted import breaks
from helpers.sound.healthy import Healthy, HealthyConfig

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
