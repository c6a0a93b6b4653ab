"""``arithmetic``: texts such as ``3+(4*7-1)``: four to six digits, operators, perhaps brackets.

In the way of the strings of a grammar that discrete GANs are tried on (Kusner and Hernandez-Lobato
2016, https://arxiv.org/abs/1611.04051, section 4), and richer, so that there are more of them than
are drawn.
"""

import re

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made.drawing import SMALL, refuse_root, refuse_size, shuffled_labels
from ganzoo.data.made.small.fields import ARITHMETIC
from ganzoo.spec import DataSpec

NAME = "arithmetic"
FEWEST, MOST = 4, 6
_SIMPLE = r"\d(?:[-+*]\d)*"


def load(request: DataRequest) -> Dataset:
    """10,000 expressions to train on, 2,000 to test: ``tokens``, of which 0 is after the end.

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    refuse_root(request, NAME)
    refuse_size(request, NAME, "texts")
    counts, generator = shuffled_labels(request, MOST - FEWEST + 1, SMALL)
    n = len(counts)
    digits = torch.randint(10, (n, MOST), generator=generator).tolist()
    operators = torch.randint(3, (n, MOST), generator=generator).tolist()
    brackets = torch.rand(n, 3, generator=generator).tolist()
    texts = []
    for count, figures, signs, (whether, where, until) in zip(
        (FEWEST + counts).tolist(), digits, operators, brackets, strict=True
    ):
        words = [str(figure) for figure in figures[:count]]
        if whether < 0.5:
            first = int(where * (count - 1))
            last = first + 1 + int(until * (count - 1 - first))
            words[first], words[last] = f"({words[first]}", f"{words[last]})"
        between = ["+-*"[sign] for sign in signs[: count - 1]] + [""]
        texts.append("".join(word + sign for word, sign in zip(words, between, strict=True)))
    spec = DataSpec((ARITHMETIC,), NAME)
    return Dataset(spec, {"tokens": _tokens(texts)}, (Truth(valid=valid),))


def valid(tokens: Tensor) -> Tensor:
    """Which rows of int64 (n, length) are expressions of this grammar, however long: bool (n,).

    E -> T | T+E | T-E | T*E and T -> digit | (E), and then the end alone.
    """
    return torch.tensor([_is_valid(row) for row in tokens.tolist()], dtype=torch.bool)


def _is_valid(row: list[int]) -> bool:
    names = ARITHMETIC[0].names
    text = "".join(names[token] or " " for token in row).rstrip(" ")
    shorter = re.sub(rf"\({_SIMPLE}\)", "0", text)
    while shorter != text:
        text, shorter = shorter, re.sub(rf"\({_SIMPLE}\)", "0", shorter)
    return re.fullmatch(_SIMPLE, text) is not None


def _tokens(texts: list[str]) -> Tensor:
    (field,) = ARITHMETIC
    number = {symbol: k for k, symbol in enumerate(field.names)}
    tokens = torch.zeros(len(texts), *field.shape, dtype=torch.int64)
    for row, text in zip(tokens, texts, strict=True):
        row[: len(text)] = torch.tensor([number[symbol] for symbol in text])
    return tokens
