"""A table: ``--dataset csv --data-root FILE``.

FILE is a CSV whose first line names the columns, or a folder with one, or with ``train.csv`` and
``test.csv`` of the same columns. A column is of numbers where every cell is one, and of words
otherwise; whole numbers of which there are at most ten different ones are words too, as they mostly
are codes. A row with an empty cell in a column of numbers is left out, and so is a column with
almost as many words as rows, such as a name, or with one value alone.

Splits: as the files say; of one file every tenth row is held out, class by class where a column of
words is called ``label``, ``class`` or the like. Both are encoded alike, see
`ganzoo.data.kinds.table`.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.labels import COLUMNS
from ganzoo.data.files.one_file import read_text, shown_name, split_files
from ganzoo.data.files.splits import held_out
from ganzoo.data.kinds.table import columns_of, encode, learn, width_of
from ganzoo.data.made.drawing import refuse_size
from ganzoo.errors import GanzooError, counted
from ganzoo.spec import DataSpec, Field

CODES = 10
"""Different whole numbers in a column that is still one of words."""
MOST_WORDS = 1000
"""Different words in a column: each takes a value of every row."""
TOLD = 20
"""Columns, at most, of which it is said why they are left out."""
EMPTY = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
"""What stands for no value."""

Row = list[str]


def load(request: DataRequest) -> Dataset:
    """Rows as the field ``table``, as the module's documentation describes.

    Raises:
        GanzooError: there is no such file, or it is no table.
    """
    first, second = split_files(request.root, "csv", (".csv",), "a .csv file with names above")
    refuse_size(request, "csv", "rows of a table")
    names, train = _read(first)
    test: list[Row] = []
    if second is not None:
        others, test = _read(second)
        if others != names:
            raise GanzooError(
                f"'{first}' and '{second}' have other columns: the first lines of both must be one"
            )
    rows = train + test
    discrete = [_is_discrete(column) for column in zip(*rows, strict=True)]
    useless = [*map(_useless, zip(*rows, strict=True), discrete)]
    _report_useless(dict(zip(names, useless, strict=True)), first, request.report)
    columns = [number for number, why in enumerate(useless) if not why]
    if not columns:
        raise GanzooError(f"'{first}' has no column that can be learned: see what was left out")
    numbers = [column for column in columns if not discrete[column]]
    splits = {
        split: _whole(part, columns, numbers, path, request.report)
        for split, part, path in (("train", train, first), ("test", test, second or first))
    }
    if second is None:
        words = [names[column] if discrete[column] else "" for column in columns]
        classes = _classes(splits["train"], words)
        kept, held = held_out(first, splits["train"], request.report, "row", classes, request.rules)
        splits = {"train": kept, "test": held}
    if not splits[request.split]:
        raise GanzooError(
            f"'{first}' has no row for the {request.split} split: give it ten rows, of which one "
            "is held out, or give two files, train.csv and test.csv"
        )
    name = shown_name(first, second)
    codec = learn(splits["train"] + splits["test"], [discrete[column] for column in columns])
    field = Field("table", "table", (), tuple(names[column] for column in columns), codec)
    field = replace(field, shape=(sum(map(width_of, columns_of(field))),))
    request.report(_told(name, field, [discrete[column] for column in columns]))
    return Dataset(DataSpec(((field,),), name), {"table": encode(field, splits[request.split])})


def _read(path: Path) -> tuple[list[str], list[Row]]:
    """The columns' names and the rows."""
    lines = csv.reader(io.StringIO(read_text(path), newline=""))
    rows: list[Row] = []
    try:
        names = [name.strip() for name in next(lines, [])]
        for row in lines:
            if row and len(row) != len(names):
                raise GanzooError(
                    f"line {lines.line_num} of '{path}' has {len(row)} cells, and the first line "
                    f"has {len(names)}: each row needs a cell for each column"
                )
            if row:
                rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise GanzooError(f"line {lines.line_num} of '{path}' is not of a CSV: {error}") from error
    if not rows:
        raise GanzooError(
            f"'{path}' holds no rows: the first line names the columns, and each other is a row"
        )
    if len(set(names)) < len(names) or "" in names:
        raise GanzooError(
            f"the first line of '{path}' must name each column, and no name twice: it has "
            f"{', '.join(names)}"
        )
    if all(_number(name) is not None for name in names):
        raise GanzooError(
            f"the first line of '{path}' has numbers only: write the columns' names above it"
        )
    return names, rows


def _is_discrete(column: Sequence[str]) -> bool:
    """Whether it is one of words."""
    cells = {cell for cell in column if cell not in EMPTY}
    values = [_number(cell) for cell in cells]
    if not cells or None in values:
        return True
    whole = all(cell.lstrip("+-").isdecimal() for cell in cells)
    return whole and len(cells) <= CODES


def _useless(column: Sequence[str], discrete: bool) -> str:
    """Why there is nothing to learn in it; empty, where there is."""
    words = len(set(column))
    if words == 1 and len(column) > 1:
        return f"it has '{column[0]}' in each row"
    if discrete and words > max(CODES, min(MOST_WORDS, len(column) // 2)):
        return f"it has {words} different words"
    if not discrete:
        values = [float(cell) for cell in column if cell not in EMPTY]
        if math.isinf(2 * (max(values) - min(values))):  # as it is when these are scaled
            return (
                f"it goes from {min(values):g} to {max(values):g}, which is further apart than "
                "can be reckoned: divide its numbers by one that is large"
            )
    return ""


def _report_useless(reasons: Mapping[str, str], path: Path, report: Callable[[str], None]) -> None:
    """Say which columns are left out, by their names."""
    told = [(name, why) for name, why in reasons.items() if why]
    for name, why in told[:TOLD]:
        report(f"column '{name}' of '{path}' is left out: {why}")
    if more := len(told[TOLD:]):
        report(f"left out for such reasons: {counted(more, 'more column')} of '{path}'")


def _whole(
    rows: Sequence[Row],
    columns: Sequence[int],
    numbers: Sequence[int],
    path: Path,
    report: Callable[[str], None],
) -> list[Row]:
    """The cells of the columns that are taken, of the rows in which no number is missing."""
    kept = [
        [row[column] for column in columns]
        for row in rows
        if all(row[column] not in EMPTY for column in numbers)
    ]
    if len(kept) < len(rows):
        report(
            f"left out: {len(rows) - len(kept):,} of {counted(len(rows), 'row')} of '{path}' in "
            "which a number is missing"
        )
    return kept


def _classes(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    """The class of each row, by the column that is called so; empty: none is.

    Args:
        rows: cells of the columns that are taken.
        names: of these columns where they are of words, else empty.
    """
    called = [name.lower() for name in names]
    column = next((called.index(name) for name in COLUMNS if name in called), None)
    return [] if column is None else [row[column] for row in rows]


def _told(name: str, field: Field, discrete: Sequence[bool]) -> str:
    """Which columns are taken for what."""
    taken = [*zip(field.names, discrete, strict=True)]
    parts = [
        f"{what} {', '.join(found)}"
        for what, words in (("numbers", False), ("words", True))
        if (found := [each for each, is_words in taken if is_words == words])
    ]
    return f"columns of '{name}': {'; '.join(parts)}"


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    if "_" in cell:  # as in a code; to Python it is a number
        return None
    return value if math.isfinite(value) else None
