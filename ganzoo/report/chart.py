"""Curves as a page shows them: few enough points, axes with round numbers, lines of SVG.

What is smaller than the inverse of `HUGE` is shown as 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from ganzoo.artifacts.pictures import HUGE

POINTS = 400
"""Of a line at most; a screen shows no more."""
TICKS = 4
"""Intervals of an axis at most, or nearly so."""
WIDTH, HEIGHT = 1000, 300
"""Of the drawing, which is stretched to the width of the page."""
DECADES = 1000.0
"""From this ratio of its largest to its smallest value on, a chart is logarithmic."""
COLOURS = 8
"""Different ones; lines beyond are dashed in the same."""

Points = list[tuple[int, float]]


@dataclass(frozen=True)
class Line:
    """A curve: finite values by rising step."""

    label: str
    points: Points
    number: int
    """By which it is known, in its colour, in several charts."""

    @classmethod
    def of(cls, label: str, name: str, records: Sequence[Mapping[str, float]], number: int) -> Line:
        """What the records say of one value, thinned."""
        found = [(int(one["step"]), float(one[name])) for one in records if name in one]
        drawn = [(step, value) for step, value in found if abs(value) < HUGE]
        points = thinned([(s, v if abs(v) > 1 / HUGE else 0.0) for s, v in drawn])
        return cls(label, points, number)

    @property
    def look(self) -> str:
        """Its classes in the page."""
        return f"c{self.number % COLOURS}" + (" dashed" if self.number >= COLOURS else "")


@dataclass(frozen=True)
class Chart:
    """Lines over the same steps, of which one at least has a point."""

    title: str
    lines: Sequence[Line]

    @cached_property
    def steps(self) -> list[int]:
        """At which any line has a point, in order."""
        return sorted({step for line in self.lines for step, _ in line.points})

    @cached_property
    def logarithmic(self) -> bool:
        """Whether the values differ too much for another scale."""
        low, high = self._extent
        return low > 0 and high / low >= DECADES

    @cached_property
    def ticks(self) -> list[float]:
        """Round values at even distances, the greatest first; the axis is from end to end."""
        low, high = self._extent
        if self.logarithmic:
            first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
            stride = -(-(last - first) // TICKS)
            return [10.0**power for power in range(first, last + stride, stride)][::-1]
        return round_ticks(low, high)[::-1]

    @property
    def marks(self) -> list[int]:
        """Steps below the axis: the first, the middle and the last."""
        first, last = self._span
        return [first, (first + last) // 2, last]

    @property
    def rows(self) -> list[float]:
        """Where the ticks are, in the drawing."""
        return [HEIGHT * number / (len(self.ticks) - 1) for number in range(len(self.ticks))]

    def path(self, line: Line) -> str:
        """The points of a line in the drawing, as SVG has them."""
        return " ".join(f"{self.x(step):.1f},{self.y(value):.1f}" for step, value in line.points)

    def x(self, step: int) -> float:
        """Where a step is, in the drawing."""
        first, last = self._span
        return WIDTH * (step - first) / max(1, last - first)

    def y(self, value: float) -> float:
        """Where a value is, in the drawing."""
        scale = math.log10 if self.logarithmic else float
        top, bottom = scale(self.ticks[0]), scale(self.ticks[-1])
        return HEIGHT * (top - scale(value)) / (top - bottom)

    def to_dict(self) -> dict[str, object]:
        """What the page must know to say the values under the pointer."""
        return {
            "steps": self.steps,
            "xs": [round(self.x(step), 1) for step in self.steps],
            "lines": [
                {
                    "steps": [step for step, _ in line.points],
                    "values": [float(f"{value:.5g}") for _, value in line.points],
                    "ys": [round(self.y(value), 1) for _, value in line.points],
                }
                for line in self.lines
            ],
        }

    @property
    def _span(self) -> tuple[int, int]:
        return self.steps[0], self.steps[-1]

    @cached_property
    def _extent(self) -> tuple[float, float]:
        values = [value for line in self.lines for _, value in line.points]
        return min(values), max(values)


def thinned(points: Points, most: int = POINTS) -> Points:
    """At most so many points, and two more: the least and the greatest of each part of them."""
    if len(points) <= most:
        return points
    size = -(-len(points) // (most // 2))
    kept = {points[0], points[-1]}
    for start in range(0, len(points), size):
        part = points[start : start + size]
        kept |= {min(part, key=itemgetter(1)), max(part, key=itemgetter(1))}
    return sorted(kept)


def round_ticks(low: float, high: float) -> list[float]:
    """Round numbers at even distances, from below `low` to above `high`."""
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - abs(low) / 2, high + (abs(high) / 2 or 1.0)
    width = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(width))
    unit = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= width * 0.999)
    first, last = math.floor(low / unit + 1e-9), math.ceil(high / unit - 1e-9)
    return [float(f"{number * unit:.12g}") for number in range(first, last + 1)]
