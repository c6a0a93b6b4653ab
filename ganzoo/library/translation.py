"""What a translator is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.abilities import Direction, Translator, direction_of
from ganzoo.errors import GanzooError, unknown


def chosen_direction(variant: Translator, name: str | None) -> Direction:
    """The direction of that name, or the only one.

    Raises:
        GanzooError: there is none of that name, or several and none is named.
    """
    if name is not None:
        return direction_of(variant, name)
    if len(variant.directions) == 1:
        return variant.directions[0]
    names = " or ".join(direction.name for direction in variant.directions)
    raise GanzooError(f"this run translates in several directions: choose --direction {names}")


def asked_of(variant: Translator, wanted: Mapping[str, object]) -> dict[str, str | float]:
    """What is asked of a translation, by the names of the variant's controls.

    Raises:
        GanzooError: the variant has no such control or value.
    """
    known = variant.controls()
    for name, value in wanted.items():
        if not known:
            raise GanzooError(f"nothing can be asked of this run: leave out --set {name}={value}")
        if name not in known:
            raise unknown("control", name, known)
    return {name: known[name].parse(name, str(value)) for name, value in wanted.items()}
