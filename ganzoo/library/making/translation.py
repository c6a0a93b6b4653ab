"""Which way a translator goes."""

from __future__ import annotations

from ganzoo.abilities import Direction, Translator, direction_of
from ganzoo.errors import GanzooError


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
