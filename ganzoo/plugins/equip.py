"""What the names in a variant's settings mean: losses, regularisers and augmentations.

They are looked up here, at the edge, and handed to the variant in its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from ganzoo.config import AUGMENTATIONS, LOSS, REGULARISERS, build, options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry

C = TypeVar("C")


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
            changes[name] = registry().loss(text or "").load()
        else:
            changes[name] = _made(text or "", option.names, option.flag)
    return replace(config, **changes) if changes else config  # type: ignore[type-var]


def _made(text: str, kind: str, flag: str) -> dict[str, Any]:
    """The parts that ``r1:gamma=1,r2`` names, by name, in order."""
    find: dict[str, Callable[[str], Registered[Any]]] = {
        REGULARISERS: registry().regulariser,
        AUGMENTATIONS: registry().augmentation,
    }
    parts: dict[str, Any] = {}
    for name, settings in parsed(text, flag):
        registered = find[kind](name)
        cls = registered.load()
        if registered.spec.name in parts:
            raise GanzooError(f"{flag} {text} names {name} twice: give it once")
        try:
            parts[registered.spec.name] = cls(build(cls.Config, settings))
        except GanzooError as error:
            raise GanzooError(f"{flag} {name}: {str(error).removeprefix('--')}") from error
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
        if equals:
            found[-1][1][key] = value
    yield from found
