"""Dials that several variants have, for `Variant.schedules`."""

from collections.abc import Callable, Iterable
from functools import partial


def constant_then_linear(start: float, progress: float) -> float:
    """1 up to a progress of `start`, below 1, and then linearly down to 0 at a progress of 1."""
    return min(1.0, (1 - progress) / (1 - start))


def decays(players: Iterable[str], start: float) -> dict[str, Callable[[float], float]]:
    """Learning rates that are constant up to a progress of `start`, in [0, 1], and then fall to 0.

    Args:
        players: the names of those who learn so.
        start: 1 means that they never fall.
    """
    if start == 1:
        return {}
    return {f"{player}.lr": partial(constant_then_linear, start) for player in players}
