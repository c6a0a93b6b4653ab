"""What the names in a variant's settings mean: losses, regularisers and augmentations.

They are looked up here, at the edge, and handed to the variant in its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ganzoo.config import AUGMENTATIONS, LOSS, REGULARISERS, build, options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry

if TYPE_CHECKING:
    from ganzoo.losses import AdversarialLoss

C = TypeVar("C")
NONE = "none"
"""After ``--augment`` or ``--regulariser``: nothing, where a variant has something by default."""


def equipped(config: C) -> C:
    """The settings with what their texts name in place of the texts, each made anew.

    Raises:
        GanzooError: there is nothing of such a name, or it has no such setting.
    """
    changes: dict[str, Any] = {}
    for name, option in options(type(config)).items():
        text = getattr(config, name)
        if not option.names or not isinstance(text, str | None):  # it is equipped already
            continue
        if option.names == LOSS:
            changes[name] = loss_of(text or "", option.flag)
        else:
            changes[name] = _parts(text or "", option.names, option.flag)
    return replace(config, **changes) if changes else config  # type: ignore[type-var]


def loss_of(text: str, flag: str = "--loss") -> AdversarialLoss:
    """The loss that ``hinge`` or ``least-squares:a=-1,b=1,c=0`` names.

    Raises:
        GanzooError: there is none of that name, it has no such setting, or there are several.
    """
    named = [*parsed(text, flag)]
    if len(named) > 1:
        raise GanzooError(f"{flag} {text} names {len(named)} losses: give one")
    name, settings = named[0] if named else (text, {})
    found = registry().loss(name).load()
    if settings and not isinstance(found, type):
        raise GanzooError(f"{flag} {name} has no settings: leave out {', '.join(settings)}")
    loss: AdversarialLoss = _made(found, name, settings, flag) if isinstance(found, type) else found
    return loss


def executor_of(text: str, flag: str = "--executor") -> Any:
    """The executor that ``local`` or ``submitit:partition=gpu,gpus=1`` names.

    Raises:
        GanzooError: there is none of that name, it has no such setting, or it is not installed.
    """
    named = [*parsed(text, flag)]
    if len(named) != 1:
        raise GanzooError(f"{flag} {text} names {len(named)} executors: give one")
    name, settings = named[0]
    return _made(registry().executor(name).load(), name, settings, flag)


def _made(cls: Any, name: str, settings: dict[str, object], flag: str) -> Any:
    """One of a class that has a `Config`, with these settings.

    Raises:
        GanzooError: it has no such setting.
    """
    try:
        return cls(build(cls.Config, settings))
    except GanzooError as error:
        raise GanzooError(f"{flag} {name}: {str(error).removeprefix('--')}") from error


def _parts(text: str, kind: str, flag: str) -> dict[str, Any]:
    """The parts that ``r1:gamma=1,r2`` names, by name, in order; ``none`` alone names none."""
    if text.strip() == NONE:
        return {}
    find: dict[str, Callable[[str], Registered[Any]]] = {
        REGULARISERS: registry().regulariser,
        AUGMENTATIONS: registry().augmentation,
    }
    parts: dict[str, Any] = {}
    for name, settings in parsed(text, flag):
        registered = find[kind](name)
        if registered.spec.name in parts:
            raise GanzooError(f"{flag} {text} names {name} twice: give it once")
        parts[registered.spec.name] = _made(registered.load(), name, settings, flag)
    return parts


def parsed(text: str, flag: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The names in ``NAME[:KEY=VALUE,...],...`` with the settings of each.

    Raises:
        GanzooError: it is not of that form.
    """
    found: list[tuple[str, dict[str, object]]] = []
    for item in filter(None, (item.strip() for item in text.split(","))):
        before, equals, value = item.partition("=")
        name, _, key = before.rpartition(":") if equals else (item, "", "")
        if name:
            found.append((name, {}))
        if equals and not (found and key):
            raise GanzooError(
                f"{flag} {text} must be NAME or NAME:SETTING=VALUE, with commas between"
            )
        if equals and key in found[-1][1]:
            raise GanzooError(f"{flag} {text} gives {key} of {found[-1][0]} twice: give it once")
        if equals:
            found[-1][1][key] = value
    yield from found
