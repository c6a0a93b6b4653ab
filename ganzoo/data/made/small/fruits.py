"""``fruits``: a table of numbers and words that depend on each other: fruit, colour, weight, price.

Each fruit has its own colours, its own weights and its own price; the lighter ones are dearer.
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made.drawing import SMALL, refuse_root, refuse_size, reproducibly, shuffled_labels
from ganzoo.data.made.small.fields import FRUIT_COLUMNS, FRUITS
from ganzoo.spec import DataSpec

NAME = "fruits"
COLOURS = ((0, 3, 3, 2), (0, 0, 5, 1), (0, 3, 0, 2), (2, 2, 1, 3))
"""How often each fruit has each colour, in the order of the columns' words."""
WEIGHTS = ((120.0, 240.0), (6.0, 14.0), (900.0, 1900.0), (130.0, 280.0))
"""The least and the greatest of each fruit, in grams."""
PRICES = (3.0, 9.0, 2.0, 4.0)
"""Of a kilogram of each fruit in euros, at a medium weight."""
DEARER = 0.2
"""By how much of that the lightest cost more, and the heaviest less."""
SPREAD = 0.05
"""By how much a price may differ from that of its fruit and weight, as a part of it."""


def load(request: DataRequest) -> Dataset:
    """10,000 rows to train on, 2,000 to test: ``table``, encoded as its field's codec says.

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    refuse_root(request, NAME)
    refuse_size(request, NAME, "rows of a table")
    fruit, generator = shuffled_labels(request, len(WEIGHTS), SMALL)
    with reproducibly():
        rows = _rows(fruit, generator)
    return Dataset(DataSpec((FRUITS,), NAME), {"table": rows}, (Truth(valid=valid),))


def valid(rows: Tensor) -> Tensor:
    """Which encoded rows, float32 (n, 10), are of a fruit that there is: bool (n,).

    Its colour is one of its fruit's, and so is its weight, and its price is that of its weight.
    """
    fruit, colour = rows[:, :4].argmax(1), rows[:, 4:8].argmax(1)
    weight, price = (
        column["low"] + (values + 1) / 2 * (column["high"] - column["low"])
        for column, values in zip(_numbers(), rows[:, 8:].double().unbind(1), strict=True)
    )
    low, high = torch.tensor(WEIGHTS, dtype=torch.float64)[fruit].unbind(1)
    right = _price(fruit, weight)
    possible = torch.tensor(COLOURS)[fruit, colour] > 0
    weighs = (weight >= low - 0.01) & (weight <= high + 0.01)
    costs = (price - right).abs() <= SPREAD * right + 0.01  # cents and grams are rounded
    return possible & weighs & costs


def _rows(fruit: Tensor, generator: Generator) -> Tensor:
    n = len(fruit)
    share = torch.tensor(COLOURS, dtype=torch.float32)
    colour = torch.multinomial(share[fruit], 1, generator=generator)[:, 0]
    low, high = torch.tensor(WEIGHTS, dtype=torch.float64)[fruit].unbind(1)
    random = torch.rand(2, n, generator=generator, dtype=torch.float64)
    weight = (low + (high - low) * random[0]).mul(100).round().div(100)
    price = _price(fruit, weight) * (1 - SPREAD + 2 * SPREAD * random[1])
    price = price.mul(100).round().div(100)
    scaled = [
        2 * (values - column["low"]) / (column["high"] - column["low"]) - 1
        for column, values in zip(_numbers(), (weight, price), strict=True)
    ]
    words = one_hot(fruit, share.shape[0]), one_hot(colour, share.shape[1])
    return torch.cat((*words, torch.stack(scaled, 1)), 1).to(torch.float32)


def _price(fruit: Tensor, weight: Tensor) -> Tensor:
    """Euros a kilogram, float64 (n,)."""
    low, high = torch.tensor(WEIGHTS, dtype=torch.float64)[fruit].unbind(1)
    heavy = 2 * (weight - low) / (high - low) - 1
    return torch.tensor(PRICES, dtype=torch.float64)[fruit] * (1 - DEARER * heavy)


def _numbers() -> tuple[dict[str, float], ...]:
    return FRUIT_COLUMNS["weight"], FRUIT_COLUMNS["price"]
