"""What is varied in a sweep: values that are all tried, or ranges from which some are drawn."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

from ganzoo.config import Option, unknown_setting
from ganzoo.errors import GanzooError

Setting = dict[str, Any]
"""Values by the name of what is varied."""
DECADE = 10.0
"""From the ends of a range that are so many times apart it is drawn on a logarithmic scale."""
DIGITS = 3
"""Of a number that is drawn."""
MOST = 10_000
"""Settings of a sweep, at most."""
PATIENCE = 100
"""Drawings, for each setting that is wanted, after which there seem to be no more."""
NOT_VARIED = {
    "seed": "--seeds says how many there are of each setting",
    "threads": "it changes nothing that is learned: --jobs divides the cores",
}


@dataclass(frozen=True)
class Range:
    """Numbers between two, both included."""

    low: float
    high: float
    whole: bool
    """Whether only whole numbers are meant."""

    @property
    def logarithmic(self) -> bool:
        """Whether each factor is as likely as any other, and not each difference."""
        return self.low > 0 and self.high >= DECADE * self.low

    def draw(self, chance: random.Random) -> float | int:
        """One of the numbers, of few digits."""
        if self.whole and not self.logarithmic:
            return chance.randint(int(self.low), int(self.high))
        low, high = (
            map(math.log, (self.low, self.high)) if self.logarithmic else (self.low, self.high)
        )
        drawn = chance.uniform(low, high)
        value = float(f"{math.exp(drawn) if self.logarithmic else drawn:.{DIGITS}g}")
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else value

    def __str__(self) -> str:
        scale = "a logarithmic scale" if self.logarithmic else "a linear scale"
        return f"from {self.low:g} to {self.high:g}, evenly on {scale}"


Choice = tuple[Any, ...] | Range


def read_space(
    given: Mapping[str, object],
    known: Mapping[str, Option],
    without: Mapping[str, str] | None = None,
) -> dict[str, Choice]:
    """What is to be varied, by name.

    Args:
        given: by the name of a setting a list of values, a text of them with commas between (or
            semicolons, where a value itself has commas), or a range such as ``"1e-5..1e-3"``.
        known: all settings that there are.
        without: see `ganzoo.Variant.without`.

    Raises:
        GanzooError: there is no such setting, or it has no such value.
    """
    space: dict[str, Choice] = {}
    for written, values in given.items():
        name = written.replace("-", "_")
        if name not in known:
            raise unknown_setting(written, known, without=without)
        if name in NOT_VARIED:
            raise GanzooError(f"--set {written} is not possible: {NOT_VARIED[name]}")
        space[name] = _choice(known[name], values)
    return space


def _choice(option: Option, values: object) -> Choice:
    name = option.flag.removeprefix("--")
    if isinstance(values, str) and (ends := re.fullmatch(r"([^.].*)\.\.(.*[^.])", values)):
        kinds = {int, float} & {option.type, *get_args(option.type)}
        if not kinds:
            raise GanzooError(f"--set {name}={values} is a range, and {option.flag} is no number")
        low, high = (option.convert(end) for end in ends.groups())
        if not low < high:
            raise GanzooError(f"--set {name}={values} must lead from a number to a greater one")
        return Range(low, high, int in kinds)
    if isinstance(values, str):
        values = [item.strip() for item in values.split(";" if ";" in values else ",")]
        values = [item for item in values if item]
    several = list(values) if isinstance(values, list | tuple) else [values]
    if not several:
        raise GanzooError(f"--set {name} needs values, such as --set lr=1e-4,2e-4")
    return tuple(dict.fromkeys(option.convert(value) for value in several))


def grid(space: Mapping[str, Choice]) -> list[Setting]:
    """Every combination of the values, the last name's changing first.

    Raises:
        GanzooError: one of them is a range, or there are too many.
    """
    lists: list[Sequence[Any]] = []
    for name, choice in space.items():
        if isinstance(choice, Range):
            raise GanzooError(
                f"--set {spelled(name)} is a range, of which --random N draws: add it, or name the "
                "values"
            )
        lists.append(choice)
    many = math.prod(map(len, lists))
    if many > MOST:
        raise GanzooError(
            f"--set asks for {many:,} combinations, and a sweep has {MOST:,} at most: name fewer "
            "values, or have some drawn with --random N"
        )
    return [dict(zip(space, values, strict=True)) for values in product(*lists)]


def draw(space: Mapping[str, Choice], n: int, seed: int) -> list[Setting]:
    """Different combinations at random; the first of them are the same, however many are drawn.

    Raises:
        GanzooError: there are not so many.
    """
    chances = {name: random.Random(f"{seed} {name}") for name in space}
    found: list[Setting] = []
    for setting in _drawn(space, chances, PATIENCE * n):
        if setting not in found:
            found.append(setting)
        if len(found) == n:
            return found
    raise GanzooError(
        f"--random {n} wants more than the {len(found)} combinations that there are: leave it out "
        "to have them all"
    )


def _drawn(
    space: Mapping[str, Choice], chances: Mapping[str, random.Random], times: int
) -> Iterator[Setting]:
    for _ in range(times):
        yield {
            name: choice.draw(chances[name])
            if isinstance(choice, Range)
            else chances[name].choice(choice)
            for name, choice in space.items()
        }


def spelled(name: str) -> str:
    """The name of a setting as one types it."""
    return name.replace("_", "-")


def value_text(value: Any) -> str:
    """A value as one types it, with all its digits."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def label(setting: Mapping[str, Any]) -> str:
    """A setting in words: ``"lr=0.0001, batch-size=32"``."""
    return ", ".join(f"{spelled(name)}={value_text(value)}" for name, value in setting.items())
