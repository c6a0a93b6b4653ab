"""How much a number varies from one training to the next, and what that says about its mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
"""Of intervals."""
ERRORS = {
    "deviation": "± here is the standard deviation over seeds",
    "half_interval": (
        f"± here is the {100 * CONFIDENCE:g} % interval of a mean over seeds, by Student's t"
    ),
}
"""What a ± means, by the property of `Spread` that stands behind it."""
DIGITS = 4
"""Of a number whose error is not known."""
MOST_DECIMALS = 6
"""Of any number."""


@dataclass(frozen=True)
class Spread:
    """The values of several trainings that differ in nothing but the seed; at least one."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the values."""
        return sum(self.values) / len(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation of a training (n - 1); None, where there is only one."""
        if len(self.values) < 2:
            return None
        squares = ((value - self.mean) ** 2 for value in self.values)
        return math.sqrt(sum(squares) / (len(self.values) - 1))

    @property
    def half_interval(self) -> float | None:
        """The `CONFIDENCE` interval of the mean is so much to either side; None, of one value.

        Student's t, for values that are normally distributed.
        """
        if self.deviation is None:
            return None
        n = len(self.values)
        return student_quantile(n - 1) * self.deviation / math.sqrt(n)


def student_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """The t that a variable with Student's distribution exceeds, to either side, with 1 -
    `confidence`.

    Args:
        freedom: degrees of freedom, at least 1.
        confidence: in (0, 1).
    """
    low, high = 0.0, math.pi / 2  # the angle whose tangent is t / sqrt(freedom)
    for _ in range(60):
        middle = (low + high) / 2
        if _student_within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan(low)


def plus_minus(mean: float, error: float | None) -> str:
    """A number with as many digits as its error lets mean something: ``"12.3 ± 1.5"``."""
    if error is None or not math.isfinite(error):
        return f"{mean:,.0f}" if 10**DIGITS <= abs(mean) < math.inf else f"{mean:.{DIGITS}g}"
    if error == 0:
        return f"{plus_minus(mean, None)} ± 0"
    decimals = min(max(0, 1 - math.floor(math.log10(error))), MOST_DECIMALS)
    return f"{mean:,.{decimals}f} ± {error:,.{decimals}f}"


def mean_of(values: Sequence[float]) -> float | None:
    """Their mean, if there are any."""
    return Spread(tuple(values)).mean if values else None


def _student_within(angle: float, freedom: int) -> float:
    """The probability of |t| < sqrt(freedom) tan(angle).

    Abramowitz & Stegun 1964, 26.7.3 and 26.7.4: finite sums for whole degrees of freedom.
    """
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
