"""Which code is which class, where labels are there to tell how well they agree."""

import numpy as np
from numpy.typing import NDArray


def greatest_agreement(counts: NDArray[np.int64]) -> int:
    """How many samples agree when codes and classes are matched one to one as well as can be.

    Exact, by shortest augmenting paths (Kuhn 1955, in the form of Jonker & Volgenant 1987).

    Args:
        counts: samples by code and class, (codes, classes), either of which may be more.
    """
    cost = -(counts if len(counts) <= len(counts.T) else counts.T)
    rows, columns = cost.shape
    price_of_row, price = np.zeros(rows, np.int64), np.zeros(columns, np.int64)
    column_of, row_of = np.full(rows, -1), np.full(columns, -1)
    never = np.iinfo(np.int64).max
    for new in range(rows):
        distance, came_from = np.full(columns, never), np.full(columns, -1)
        done = np.zeros(columns, bool)
        row, so_far, column = new, 0, -1
        while row >= 0:
            through = so_far + cost[row] - price_of_row[row] - price
            nearer = ~done & (through < distance)
            distance[nearer], came_from[nearer] = through[nearer], row
            column = int(np.where(done, never, distance).argmin())
            so_far, row = int(distance[column]), int(row_of[column])
            done[column] = True
        saved = so_far - distance[done]
        price[done] -= saved
        price_of_row[new] += so_far
        taken = row_of[done] >= 0
        price_of_row[row_of[done][taken]] += saved[taken]
        while row != new:
            row = int(came_from[column])
            row_of[column] = row
            column_of[row], column = column, int(column_of[row])
    return -int(cost[np.arange(rows), column_of].sum())
