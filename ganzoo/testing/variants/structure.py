"""The game on paper: who plays, in which phases, by which schedules."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

from torch import Tensor, nn

from ganzoo.engine.learner import BETA2, DIALS, HALF_LIFE
from ganzoo.schedules import Progress, Stage, Upkeep
from ganzoo.testing.check import Failure
from ganzoo.testing.variants.subject import ITERATIONS, TYPICAL, VariantChecks, VariantSubject
from ganzoo.variant import Adam, OptimSpec, Phase, Player, Variant, players_of

CHECKS = VariantChecks()
_ITERATIONS = (0, 1, 24, 25, TYPICAL, 500, 10 * ITERATIONS)
"""At which a function of the iteration is tried."""
MOMENTS = tuple(
    Progress(round(share * ITERATIONS), ITERATIONS, round(share * 1e6)) for share in (0, 0.5, 1)
)
"""At which dials are asked for."""
_LARGEST_EPS = 0.1
"""Of a norm; the usual ones are 1e-5 to 1e-3."""


@CHECKS.check("players", needs=("recipe",))
def players(subject: VariantSubject) -> None:
    """Players own existing networks: each trainable parameter has an owner, or several by name."""
    variant = subject.build()
    found = variant.players()
    owners: dict[int, tuple[str, str]] = {}
    for name, player in found.items():
        if not isinstance(player, Player) or not isinstance(player.optim, OptimSpec):
            raise Failure(
                f"player '{name}' is {player!r}: give ganzoo.Player(networks, optimizer), with "
                "ganzoo's Adam, RMSprop or SGD"
            )
        nets = player.nets or (name,)
        _check_existing(variant, nets, f"player '{name}'")
        learns = False
        for net in nets:
            for key, parameter in variant.get_submodule(net).named_parameters(prefix=net):
                other, known = owners.setdefault(id(parameter), (name, key))
                learns = True
                if other != name and known != key:
                    raise Failure(
                        f"{key} belongs to player '{name}' and, as {known}, to '{other}', whose "
                        "two optimizers both move it: leave it to one of them, or have both name "
                        "the same network"
                    )
                if not parameter.requires_grad:
                    raise Failure(
                        f"{key} of player '{name}' needs no gradient and cannot be trained: make "
                        "it a buffer by register_buffer()"
                    )
        if not learns:
            raise Failure(f"player '{name}' has no parameters: give it a network that learns")
    frozen = tuple(f"{net}." for net in variant.frozen)
    for key, parameter in variant.named_parameters():
        if key.startswith(frozen):
            continue
        if parameter.requires_grad and id(parameter) not in owners:
            raise Failure(
                f"{key} belongs to no player and would never learn: add its network to a player, "
                "name it in `frozen`, or call requires_grad_(False)"
            )
    _check_existing(variant, variant.published, "published")
    _check_named(variant)


def _check_named(variant: Variant) -> None:
    """See whether what is named beside the players is there, and is what it must be."""
    if variant.frozen:
        _check_existing(variant, variant.frozen, "frozen")
    buffers = dict(variant.named_buffers())
    for name in variant.synchronised:
        if name not in buffers or not buffers[name].is_floating_point():
            raise Failure(
                f"synchronised names '{name}', which is no float buffer: call register_buffer() "
                "for what processes are to have the mean of"
            )


@CHECKS.check("normalisation", needs=("recipe",))
def normalisation(subject: VariantSubject) -> None:
    """Norms divide by what they normalise: the second argument of BatchNorm is eps, no momentum."""
    for name, layer in subject.build().named_modules():
        if isinstance(layer, nn.modules.batchnorm._NormBase) and layer.eps > _LARGEST_EPS:
            raise Failure(
                f"{name} adds an eps of {layer.eps:g} to each variance and so hardly normalises: "
                "if a momentum is meant, write momentum=0.1, the weight of the newest batch"
            )


@CHECKS.check("phases", needs=("players",))
def phases(subject: VariantSubject) -> None:
    """Phases have names of their own and existing players, and are due by the iteration alone."""
    variant = subject.build()
    found, players = variant.phases(), players_of(variant)
    names = [phase.name for phase in found]
    for phase in found:
        if names.count(phase.name) > 1:
            raise Failure(f"two phases are called '{phase.name}': give each a name of its own")
        if phase.player not in players:
            raise Failure(
                f"phase '{phase.name}' is of player '{phase.player}', who is none of "
                f"{', '.join(players)}: name one of players()"
            )
        if not _is_count(phase.every):
            raise Failure(f"every of phase '{phase.name}' is {phase.every!r}: give 1 or more")
        _check_repeat(phase)
    if found and found[0].together:
        raise Failure(
            f"phase '{found[0].name}' is the first and moves together with the one before it: "
            "leave out together=True, or put it behind another"
        )
    _check_upkeep(variant.upkeep())
    for name in players:
        if all(phase.player != name for phase in found):
            raise Failure(f"player '{name}' moves in no phase: add one, or leave the player out")
    for images in (0, 1, 100_000):
        stage = _twice(variant.stage, Progress(images, ITERATIONS * 100, images), "stage()")
        if not isinstance(stage, Stage) or not isinstance(stage.level, Hashable):
            raise Failure(
                f"stage() returns {stage!r}, which tells no stages apart: return "
                "ganzoo.Stage(LEVEL), where LEVEL is a number or a tuple"
            )


def _check_upkeep(found: list[Upkeep]) -> None:
    names = [work.name for work in found]
    for work in found:
        if names.count(work.name) > 1:
            raise Failure(f"two upkeeps are called '{work.name}': give each a name of its own")
        if not _is_count(work.every):
            raise Failure(f"every of upkeep '{work.name}' is {work.every!r}: give 1 or more")


@CHECKS.check("schedules", needs=("phases",))
def schedules(subject: VariantSubject) -> None:
    """Dials are finite functions of progress, for 0-d buffers and for what players have."""
    variant = subject.build()
    players, buffers = players_of(variant), dict(variant.named_buffers())
    names = {*variant.dials(MOMENTS[0])}
    for now in MOMENTS:
        at = f"at a progress of {now.share:g}"
        dials = _twice(lambda now: {**variant.dials(now)}, now, f"dials() {at}")
        assert isinstance(dials, dict)
        if {*dials} != names:
            raise Failure(
                f"dials() names {', '.join({*dials} ^ names)} at one time and not at another: name "
                "all of them always"
            )
        for name, value in dials.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise Failure(f"the dial '{name}' is {value} {at}: return a number")
            player, dot, dial = name.rpartition(".")
            if dot and dial in DIALS and name not in buffers:
                if value < 0:
                    raise Failure(
                        f"the dial '{name}' is {value:g} {at}, and it is never negative: use "
                        "max(0, ...)"
                    )
                _check_dial_of_player(name, player, dial, players)
            elif name not in buffers or buffers[name].dim():
                raise Failure(
                    f"the dial '{name}' sets no 0-d buffer: call register_buffer('{name}', "
                    "torch.tensor(0.0)), or name PLAYER.lr"
                )


def _check_dial_of_player(name: str, player: str, dial: str, players: dict[str, Player]) -> None:
    if player not in players:
        raise Failure(
            f"the dial '{name}' is of no player: name one of {', '.join(players)}, as in "
            f"'{next(iter(players))}.{dial}'"
        )
    if dial == BETA2 and not isinstance(players[player].optim, Adam):
        raise Failure(
            f"the dial '{name}' is of an optimizer without betas: give player '{player}' an Adam"
        )
    if dial == HALF_LIFE and players[player].average.half_life is None:
        raise Failure(
            f"the dial '{name}' is of an average without a half-life: give player '{player}' "
            "ema=Average(half_life=...)"
        )


def _check_existing(variant: Variant, nets: object, whose: str) -> None:
    """See whether these are names, each of a network of the variant."""
    if not isinstance(nets, tuple) or not nets:
        raise Failure(f"the networks of {whose} are {nets!r}: give a tuple of names, ('net',)")
    children = dict(variant.named_modules(remove_duplicate=False))
    for net in nets:
        if not net or net not in children:
            raise Failure(
                f"{whose} names the network '{net}', and {type(variant).__name__} has only "
                f"{', '.join(dict(variant.named_children()))}: name one of its submodules"
            )


def _check_repeat(phase: Phase) -> None:
    repeat = phase.repeat
    if isinstance(repeat, int):
        if not _is_count(repeat):
            raise Failure(f"repeat of phase '{phase.name}' is {repeat!r}: give 1 or more")
        return
    for iteration in _ITERATIONS:
        times = _twice(repeat, iteration, f"repeat of phase '{phase.name}'")
        if type(times) is not int or times < 0:
            raise Failure(
                f"repeat of phase '{phase.name}' is {times!r} at iteration {iteration}: return a "
                "whole number of updates"
            )


def _twice(function: Callable[[Any], object], argument: object, what: str) -> object:
    """Its value, which must be the same each time."""
    value = function(argument)
    again = function(argument)
    if isinstance(value, Tensor) or repr(value) != repr(again):  # nan is not equal to itself
        raise Failure(
            f"{what} is {value} and then {again} for the same {argument}: compute it from its "
            "argument alone, and return a plain number"
        )
    return value


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 1
