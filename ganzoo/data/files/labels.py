"""Of what class each image of a folder is: by a table beside the images, or by sub-folders."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from ganzoo.data.files.found import BY_NAME, RULES
from ganzoo.data.files.one_file import read_text
from ganzoo.data.files.spelling import respelled
from ganzoo.data.tables.columns import column_of_files
from ganzoo.errors import GanzooError, counted

Report = Callable[[str], None]
Labels = dict[str, str]
"""The class of each file that has one; empty: there are no classes."""
Told = TypeVar("Told")

LIST = "dataset.json"
"""Of StyleGAN's data sets: ``{"labels": [["00000/img00000000.png", 6], ...]}``."""
COLUMNS = ("label", "class", "category", "target", "labels", "classes")
"""What a column of classes is called, in any case."""


MANY = 10
"""Images, of which one is held out."""
_DIGITS = 1000
"""Of a number, at most; Python reads a few thousand."""


def labels_of(
    root: Path, files: Sequence[str], depth: int, report: Report, rules: int = RULES
) -> Labels:
    """The classes of images.

    Args:
        root: where the files are, and perhaps a `LIST`, or CSV files, or folders of splits with
            such ones in them.
        files: their paths, relative to it.
        depth: how many folders down the classes' folders are.
        report: is told why there are none, or which images have none.
        rules: see `ganzoo.data.files.found.RULES`.

    Raises:
        GanzooError: a table cannot be read.
    """
    if rules == BY_NAME:
        return _by_folders(root, files, depth, lambda message: None)
    return _shared(_found(root, files, depth, report), root, report)


def _found(root: Path, files: Sequence[str], depth: int, report: Report) -> Labels:
    heads = sorted({file.split("/")[0] for file in files}) if depth else []
    beside = sorted(path for place in ("", *heads) for path in (root / place).glob("*"))
    names = [path.relative_to(root).as_posix() for path in beside if path.is_file()]
    taken = [name for name in names if PurePosixPath(name).name.lower() == LIST]
    if taken:
        labels = _by_lists(root, taken, files, report)
    else:
        names = [name for name in names if name.lower().endswith(".csv")]
        labels = _by_folders(root, files, depth, lambda message: None) if names else {}
        if labels:
            report(f"{_told(names)} of '{root}' is not looked at: its sub-folders are the classes")
            return labels
        labels, taken = _by_tables(root, names, files, heads, report)
        if not labels:
            return _by_folders(root, files, depth, report)
    for head in heads if labels else ():
        own = [file for file in files if file.startswith(f"{head}/")]
        if not labels.keys() & {*own}:
            labels |= _by_folders(root, own, depth, lambda message: None)
    return _known(root, taken, files, labels, report)


def class_names(
    labels: Mapping[str, str], files: Sequence[str], rules: int = RULES
) -> tuple[str, ...]:
    """The classes of these files in their order: by their value where all are numbers.

    By the rules of before numbers were ordered as names are.
    """
    names = {labels[file] for file in files} if labels else set()
    numbers = rules > BY_NAME and all(_is_number(name) for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name) if numbers else (0, name)))


def _is_number(name: str) -> bool:
    """Whether a class is called as a number is written; one of thousands of digits is none."""
    return name.isdecimal() and len(name) < _DIGITS and str(int(name)) == name


def _by_folders(root: Path, files: Sequence[str], depth: int, report: Report) -> Labels:
    labels = {file: file.split("/")[depth] for file in files if file.count("/") > depth}
    loose = [file for file in files if file.count("/") <= depth]
    names = {*labels.values()}
    if loose and names:
        more = f" and {len(loose) - 1} more" if loose[1:] else ""
        report(
            f"the images of '{root}' have no labels, as '{loose[0]}'{more} lies beside the "
            "sub-folders, which would be the classes"
        )
    elif len(names) == 1 and files:
        (name,) = names
        where = root.joinpath(*files[0].split("/")[:depth], name)
        deeper = any(file.count("/") > depth + 1 for file in files)
        hint = f": of '{where}' the folders in it would be the classes" if deeper else ""
        report(f"the images of '{root}' have no labels, as all lie in one folder, '{name}'{hint}")
    return labels if len(names) > 1 and not loose else {}


def _by_lists(root: Path, lists: Sequence[str], files: Sequence[str], report: Report) -> Labels:
    """The labels in lists, each of which names files by where it lies itself, or by the root."""
    labels: Labels = {}
    there = {*files}
    for name in lists:
        place, gone = name[: -len(LIST)], []
        listed = _listed(root / name, report)
        same = respelled(listed, there) | respelled((f"{place}{file}" for file in listed), there)
        for file, label in listed.items():
            inside = f"{place}{file}"
            own = same.get(inside, inside)
            own = own if own in there else same.get(file, file)
            if own in there:
                labels[own] = label
            else:
                gone.append(file)
        _report_gone(root, name, gone, report)
    return labels


def _listed(path: Path, report: Report) -> Labels:
    """What one list says."""
    try:
        told = json.loads(read_text(path), object_pairs_hook=_once)
        listed = told.get("labels") if isinstance(told, dict) else told
        pairs = [(str(name), label) for name, label in listed or ()]
    except (ValueError, TypeError, RecursionError) as error:
        raise GanzooError(
            f"'{path}' does not list labels: it must hold "
            '{"labels": [["a file", 0], ...]}, and nothing twice, or be left out'
        ) from error
    if any(isinstance(label, list | float | dict) for _, label in pairs):
        report(f"the labels in '{path}' are numbers that are no classes, and are left out")
        return {}
    told_of = [(name.replace("\\", "/"), str(label)) for name, label in pairs if label is not None]
    return _last(f"'{path}'", told_of, report)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a ValueError, where it says something twice."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("it says something twice")
    return found


def _by_tables(
    root: Path, tables: Sequence[str], files: Sequence[str], heads: Sequence[str], report: Report
) -> tuple[Labels, list[str]]:
    """The labels in tables of which one column holds files, and another one classes; and in which.

    A table in the folder of a split, or called after it, is of the files there.
    """
    anywhere = _names(files)
    labels: Labels = {}
    taken = []
    for table in tables:
        words = {table.split("/")[0].lower(), *re.split(r"[\W_]+", Path(table).stem.lower())}
        splits = [head for head in heads if head.lower() in words]
        below = [file for file in files if splits and file.startswith(f"{splits[0]}/")]
        names = anywhere | (_names(below, f"{splits[0]}/") if len(splits) == 1 else {})
        try:
            text = io.StringIO(read_text(root / table))
            head, *rows = [row for row in csv.reader(text) if row] or [[]]
        except csv.Error as error:
            raise GanzooError(f"'{root / table}' is not a CSV: {error}") from error
        rows = [row for row in rows if len(row) == len(head)]
        columns = [column.strip().lower() for column in head]
        called = next((columns.index(name) for name in COLUMNS if name in columns), None)
        candidates = [number for number in range(len(head)) if number != called]
        meant = {
            number: names | _respelled([row[number] for row in rows], names)
            for number in candidates
        }
        of_files = column_of_files(f"'{table}' of '{root}'", head, rows, meant)
        rest = [number for number in candidates if number != of_files]
        of_classes = rest[0] if called is None and _repeats(rows, rest) else called
        if of_classes is None or of_files is None:
            report(
                f"'{table}' of '{root}' is not taken for labels: that needs a column with the "
                "images' files, such as one called file, and one called label, or one other that "
                "says the same of several"
            )
            continue
        taken.append(table)
        names = meant[of_files]
        gone = [row[of_files] for row in rows if row[of_files] not in names]
        _report_gone(root, table, gone, report)
        if columns.count(columns[of_classes]) > 1:
            report(
                f"'{table}' of '{root}' has several columns called '{columns[of_classes]}', of "
                "which the first counts"
            )
        pairs = [
            (names[row[of_files]], row[of_classes].strip())
            for row in rows
            if row[of_files] in names and row[of_classes].strip()
        ]
        own = _last(f"'{table}' of '{root}'", pairs, report)
        others = [file for file, label in own.items() if labels.get(file, label) != label]
        if others:
            report(
                f"'{table}' of '{root}' gives {counted(len(others), 'image')} other labels than "
                f"the tables before it, such as '{others[0]}', and its labels count"
            )
        labels |= own
    return labels, taken


def last_told(pairs: Sequence[tuple[str, Told]]) -> tuple[dict[str, Told], list[str]]:
    """What is told last of each file, and the files, sorted, of which something else was before."""
    last = dict(pairs)
    return last, sorted({file for file, told in pairs if last[file] != told})


def _last(where: str, pairs: Sequence[tuple[str, str]], report: Report) -> Labels:
    """The label of each file; which have several is said."""
    labels, several = last_told(pairs)
    if several:
        report(
            f"{where} gives {counted(len(several), 'image')} several labels, such as "
            f"'{several[0]}', of which the last counts"
        )
    return labels


def _report_gone(root: Path, table: str, gone: Sequence[str], report: Report) -> None:
    """Say which files a table lists that are not there."""
    if gone:
        report(
            f"'{table}' of '{root}' lists {counted(len(gone), 'image')} not among those that are "
            f"there, such as '{gone[0]}'"
        )


def _names(files: Sequence[str], place: str = "") -> dict[str, str]:
    """Files by all that they may be called, in tables of a folder in which all of them lie.

    What one is called in full no other is called for short, and what two may be called no one is.
    """
    inside = [file.removeprefix(place) for file in files]
    called: dict[str, str | None] = {}
    for shorten in (
        lambda file: file.rpartition(".")[0],
        lambda file: PurePosixPath(file).name,
        lambda file: PurePosixPath(file).stem,
    ):
        short = [shorten(file) for file in inside]
        if len({*short}) == len(short):
            for name, file in zip(short, files, strict=True):
                called[name] = file if called.get(name, file) == file else None
    called.pop("", None)
    full = dict(zip(inside, files, strict=True))
    return {name: file for name, file in called.items() if file is not None} | full


def _respelled(cells: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """The files of the cells in which their names are spelled otherwise."""
    return {cell: names[name] for cell, name in respelled(cells, names).items()}


def _repeats(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether it is one column, and says the same of several rows, as captions do not."""
    return len(columns) == 1 and len({row[columns[0]] for row in rows}) < len(rows)


def _known(
    root: Path, tables: Sequence[str], files: Sequence[str], listed: Labels, report: Report
) -> Labels:
    """The labels of the files that are there; what has none is said."""
    told = _told(tables)
    labels = {file: listed[file] for file in files if file in listed}
    without = [file for file in files if file not in labels]
    if not labels:
        report(f"the images of '{root}' have no labels, as {told} has none of theirs")
    elif without:
        report(
            f"left out: {counted(len(without), 'image')} of '{root}' without a label in {told}, "
            f"such as '{without[0]}'"
        )
    if labels:
        report(f"the labels of '{root}' are those in {told}")
    return labels if len({*labels.values()}) > 1 else {}


def _told(tables: Sequence[str]) -> str:
    """Names of tables, for the user."""
    more = f" and {len(tables) - 2} more" if tables[2:] else ""
    return " and ".join(f"'{name}'" for name in tables[:2]) + more


def _shared(labels: Labels, root: Path, report: Report) -> Labels:
    """The labels, if two of so many images have the same: else they are names, and no classes."""
    if len(labels) >= MANY and len({*labels.values()}) == len(labels):
        report(f"the images of '{root}' have no labels, as each would be a class of its own")
        return {}
    return labels
