"""Runs of tokens: counted by hand, and compared with scipy."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from ganzoo.metrics.tokens.grams import distinct, gram_divergence, known


def test_divergence_is_from_none_to_ln_2() -> None:
    tokens = torch.tensor([[1, 2, 3], [3, 2, 1]])
    assert gram_divergence(tokens, tokens.flip(0), 2) == 0
    assert gram_divergence(tokens, tokens + 10, 2) == pytest.approx(math.log(2))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_divergence_is_scipys_squared(length: int) -> None:
    generator = torch.Generator().manual_seed(0)
    one = torch.randint(4, (30, 7), generator=generator)
    other = torch.randint(3, (20, 5), generator=generator)

    def counts(rows: torch.Tensor) -> Counter[tuple[int, ...]]:
        return Counter(
            tuple(row[start : start + length])
            for row in rows.tolist()
            for start in range(len(row) - length + 1)
        )

    first, second = counts(one), counts(other)
    known_runs = sorted(first.keys() | second.keys())
    p, q = (np.array([c[run] for run in known_runs], float) for c in (first, second))
    assert gram_divergence(one, other, length) == pytest.approx(jensenshannon(p, q) ** 2)


def test_order_is_seen_by_pairs_alone() -> None:
    tokens = torch.tensor([[0, 1, 0, 1]] * 5)
    sorted_ = torch.tensor([[0, 0, 1, 1]] * 5)
    assert gram_divergence(tokens, sorted_, 1) == 0
    assert gram_divergence(tokens, sorted_, 2) > 0.3


def test_distinct_runs_are_counted() -> None:
    tokens = torch.tensor([[1, 2, 1, 2], [1, 2, 1, 2], [5, 5, 5, 5]])
    assert distinct(tokens) == pytest.approx(2 / 3)
    assert distinct(tokens, 1) == pytest.approx(3 / 12)
    assert distinct(tokens, 2) == pytest.approx(3 / 9)  # 12, 21, 55


def test_copies_of_the_training_are_known() -> None:
    training = torch.tensor([[1, 2], [3, 4], [5, 6]])
    assert known(torch.tensor([[3, 4], [4, 3], [1, 2], [1, 6]]), training) == 0.5
