"""What a program asks for: numbers are checked as flags of the command line are, types as well."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from math import inf, nan
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any

from ganzoo.config import LARGEST, Option
from ganzoo.errors import GanzooError

SEEDS = 2**32 - 1
"""The greatest seed."""


def whole(name: str, value: Any, least: int = 0, most: int | None = None) -> int:
    """A whole number, also one of NumPy's or torch's.

    Args:
        name: what it is called, as a flag without its dashes.
        value: is given.
        least: that it may be.
        most: likewise.

    Raises:
        GanzooError: it is none, or too small or too large.
    """
    if not isinstance(value, bool | str):
        with suppress(TypeError):  # which is said in the words for all that is no number
            value = index(value)
    limits: dict[str, Any] = {"minimum": least, "maximum": most}
    found: int = Option(name, int, 0, name, **limits).convert(value)
    return found


def share(name: str, value: Any, most: float | None = None) -> float:
    """A finite number of at least 0; raises likewise."""
    plain = not isinstance(value, bool | str) and hasattr(value, "__float__")
    found = float(value) if plain else nan
    if not (0 <= found < inf and (most is None or found <= most)):
        limits = "of at least 0" if most is None else f"from 0 to {most:g}"
        raise GanzooError(f"--{name} must be a number {limits}, not {value}")
    return found


def numbers(name: str, values: Any, most: int) -> list[int]:
    """Numbers of samples, of which there must be one.

    Raises:
        GanzooError: they are no such numbers, or none.
    """
    given = [] if isinstance(values, str) or not hasattr(values, "__iter__") else [*values]
    if not given:
        raise GanzooError(f"--{name} must be numbers of samples such as 17 or 17,42, not {values}")
    return [sample_number(name, value, most) for value in given]


def sample_number(name: str, value: Any, most: int) -> int:
    """The number of a sample; raises likewise."""
    found = whole(name, value, -LARGEST)
    if not 0 <= found <= most:
        raise GanzooError(f"samples have numbers from 0 to {most:,}, not {found}")
    return found


def of_type(name: str, value: Any, kind: type, words: str) -> None:
    """See whether an argument can be used.

    Args:
        name: of the argument.
        value: is given.
        kind: that it must have.
        words: for that: ``"a function of a text"``.

    Raises:
        GanzooError: it has another.
    """
    if not isinstance(value, kind):
        raise GanzooError(f"{name}= must be {words}, not {value!r}")


def quiet(message: str) -> None:
    """Say nothing."""


def listener(report: Any) -> None:
    """See whether something can be told messages; raises likewise."""
    if not callable(report):
        raise GanzooError(f"report= must be a function that takes a message, not {report!r}")


def names(name: str, values: Any) -> tuple[str, ...]:
    """Texts that an argument gives; raises likewise."""
    given = values if isinstance(values, Iterable) and not isinstance(values, str) else [None]
    found = tuple(given)
    if not all(isinstance(one, str) for one in found):
        raise GanzooError(f"{name}= must be a list of names, not {values!r}")
    return found


def place(out: Any) -> Path:
    """Where something is to be written, if there can be such a name.

    Raises:
        GanzooError: there cannot.
    """
    if not isinstance(out, str | PathLike) or "\0" in str(out):
        raise GanzooError(f"{out!r} is no path of a file or a folder: give a text or a Path")
    try:
        (path := Path(out)).exists()
    except OSError as error:
        raise GanzooError(f"{out} cannot be used ({error.strerror})") from error
    return path
