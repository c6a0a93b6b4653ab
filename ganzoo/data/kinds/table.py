"""Rows of a table, of numbers and of words: float32 (n, values), stored as they are made.

`Field.names` are the columns and `Field.codec` says what each becomes, as JSON: a number one value
in [-1, 1], from the least to the greatest; a word one value for each word that there is, of which
one is 1 and the others 0.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.data.kinds.kind import Kind, described
from ganzoo.errors import GanzooError
from ganzoo.spec import Field

if TYPE_CHECKING:
    from torch import Tensor

FILE = "samples.csv"
PLAIN = 12
"""Decimals, at most, of a number that is written out."""
_EXAMPLE = [{"low": 0, "high": 99, "digits": 0}, {"words": ["rome", "york"]}]
Column = dict[str, Any]
"""``{"low": 0.0, "high": 9.0, "digits": 2}`` of a number with so many decimals;
``{"words": ["a", "b"]}`` of a word."""


class Tables(Kind):
    """Rows of one table."""

    words = "tables"
    array = "rows"
    example = Field("table", "table", (3,), ("age", "town"), json.dumps(_EXAMPLE))
    shown = 40

    def flaw(self, field: Field, stored: Tensor) -> str:
        import torch

        if stored.dtype is not torch.float32 or stored.dim() != 2:
            return f"is {described(stored)}: rows of a table are float32 (n, values), as encoded"
        width = sum(map(width_of, columns_of(field)))
        if stored.shape[1] != width:
            return f"has {stored.shape[1]} values a row, and its columns have {width}"
        return ""

    def prepared(self, stored: Tensor) -> Tensor:
        return stored

    def restored(self, field: Field, made: Tensor) -> Tensor:
        return made

    def draw(
        self,
        field: Field,
        made: Tensor,
        path: Path,
        modes: Tensor | None = None,
        columns: int | None = None,
    ) -> None:
        """A sheet of text with the columns' names above."""
        from ganzoo.artifacts.sheets import draw_text

        rows = [[*field.names], *decode(field, made)]
        width = max(4, 100 // len(field.names))
        draw_text(["".join(f"{word[: width - 1]:<{width}}" for word in row) for row in rows], path)

    def write(self, field: Field, stored: Tensor, folder: Path, first: int) -> None:
        """One CSV with the columns' names above."""
        with (folder / FILE).open("a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            if not first:
                rows.writerow(field.names)
            rows.writerows(decode(field, stored))

    def read(self, field: Field, folder: Path) -> Tensor:
        try:
            with (folder / FILE).open(encoding="utf-8", newline="") as file:
                names, *rows = csv.reader(file)
        except (OSError, ValueError) as error:
            raise GanzooError(f"the folder '{folder}' has no {FILE} with a header") from error
        if tuple(names) != field.names:
            raise GanzooError(f"the columns in '{folder / FILE}' are not {', '.join(field.names)}")
        return self.checked(field, encode(field, rows), folder)

    def to_array(self, field: Field, stored: Tensor) -> Any:
        """Words (n, columns), as in the CSV."""
        import numpy as np

        return np.array(decode(field, stored), dtype=np.str_)

    def from_array(self, field: Field, array: Any) -> Tensor:
        return encode(field, array.tolist())


def learn(rows: Sequence[Sequence[str]], discrete: Sequence[bool]) -> str:
    """The codec of a table.

    Args:
        rows: as a CSV has them, without the header.
        discrete: of each column, whether it holds words.

    Raises:
        GanzooError: a number is none.
    """
    columns: list[Column] = []
    for number, (column, words) in enumerate(zip(zip(*rows, strict=True), discrete, strict=True)):
        if words:
            columns.append({"words": sorted(set(column))})
            continue
        values = [_number(word, f"column {number + 1}") for word in column]
        low, high = min(values), max(values)
        decimals = max(map(_decimals, column))
        most = 5 - math.floor(math.log10(high - low)) if high > low else 0
        columns.append({"low": low, "high": high, "digits": min(decimals, max(6, most))})
    return json.dumps(columns)


def columns_of(field: Field) -> list[Column]:
    """What each column becomes."""
    columns: list[Column] = json.loads(field.codec or "[]")
    return columns


def width_of(column: Column) -> int:
    """How many values a column becomes."""
    return len(column["words"]) if "words" in column else 1


def encode(field: Field, rows: Sequence[Sequence[str]]) -> Tensor:
    """Rows of words as they are stored.

    Raises:
        GanzooError: a number is none, or a word is one that the column has not.
    """
    import torch

    encoded: list[list[float]] = []
    columns = columns_of(field)
    for row in rows:
        values: list[float] = []
        for word, name, column in zip(row, field.names, columns, strict=True):
            if "words" not in column:
                span = column["high"] - column["low"] or 1.0
                values.append(2 * (_number(word, name) - column["low"]) / span - 1)
            elif word in column["words"]:
                values += [float(word == one) for one in column["words"]]
            else:
                raise GanzooError(f"'{word}' is none of the words of column '{name}'")
        encoded.append(values)
    return torch.tensor(encoded)


def decode(field: Field, stored: Tensor) -> list[list[str]]:
    """The rows as words: of several words the one with the greatest value."""
    import torch

    columns = columns_of(field)
    parts = torch.split(stored, [width_of(column) for column in columns], 1)
    decoded = []
    for column, values in zip(columns, parts, strict=True):
        if "words" in column:
            decoded.append([column["words"][word] for word in values.argmax(1).tolist()])
        else:
            low, span, digits = column["low"], column["high"] - column["low"], column["digits"]
            within = values[:, 0].double().clamp(-1, 1)
            decoded.append([_shown(low + (v + 1) * span / 2, digits) for v in within.tolist()])
    return [[*row] for row in zip(*decoded, strict=True)]


def _decimals(word: str) -> int:
    """How many there are after the point of a number, in whichever way it is written."""
    try:
        exponent = Decimal(word).as_tuple().exponent
    except InvalidOperation:  # of an exponent that no number needs
        return 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _shown(value: float, digits: int) -> str:
    """A number with so many decimals; of more than one wants to count in e-notation."""
    return f"{value:.{digits}f}" if digits <= PLAIN else f"{round(value, digits):.15g}"


def _number(word: str, column: str) -> float:
    try:
        if "_" in word:  # as in a code; to Python it is a number
            raise ValueError(word)
        return float(word)
    except ValueError as error:
        raise GanzooError(f"'{word}' in {column} is no number") from error


KIND = Tables()
