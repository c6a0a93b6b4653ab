"""Means over seeds: their intervals, and with how many digits they are told."""

import math

import pytest
from scipy.stats import t as student

from ganzoo.compare.spread import Spread, plus_minus, student_quantile


def test_student_quantiles() -> None:
    for freedom in (1, 2, 3, 4, 5, 9, 30, 99):
        for confidence in (0.5, 0.95, 0.999):
            expected = student.ppf((1 + confidence) / 2, freedom)
            assert student_quantile(freedom, confidence) == pytest.approx(expected, rel=1e-9)


def test_intervals() -> None:
    spread = Spread((10.0, 11.0, 12.0))
    assert (spread.mean, spread.deviation) == (11.0, 1.0)
    assert spread.half_interval == pytest.approx(4.302652729911275 / math.sqrt(3), rel=1e-9)
    assert (Spread((3.0,)).deviation, Spread((3.0,)).half_interval) == (None, None)


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (12.3456, 1.23, "12.3 ± 1.2"),
        (0.99123, 0.00042, "0.99123 ± 0.00042"),
        (12345.6, 789.0, "12,346 ± 789"),
        (5.0, 0.0, "5 ± 0"),
        (12.3456, None, "12.35"),
        (123456.0, None, "123,456"),
        (1 / 3, 1e-17, "0.333333 ± 0.000000"),
        (math.nan, math.nan, "nan"),
        (math.inf, None, "inf"),
    ],
)
def test_digits_end_where_the_error_begins(mean: float, error: float | None, text: str) -> None:
    assert plus_minus(mean, error) == text
