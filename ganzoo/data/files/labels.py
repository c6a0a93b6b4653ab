"""Of what class each image of a folder is: by a table beside the images, or by sub-folders."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ganzoo.data.files.found import BY_NAME, RULES
from ganzoo.data.files.one_file import read_text
from ganzoo.errors import GanzooError

Report = Callable[[str], None]
Labels = dict[str, str]
"""The class of each file that has one; empty: there are no classes."""

LIST = "dataset.json"
"""Of StyleGAN's data sets: ``{"labels": [["00000/img00000000.png", 6], ...]}``."""
COLUMNS = ("label", "class", "category", "target", "labels", "classes")
"""What a column of classes is called, in any case."""


MANY = 10
"""Images, of which one is held out."""


def labels_of(
    root: Path, files: Sequence[str], depth: int, report: Report, rules: int = RULES
) -> Labels:
    """The classes of images.

    Args:
        root: where the files are, and perhaps a `LIST`, or CSV files.
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
    if (root / LIST).is_file():
        return _by_list(root, files, report)
    tables = sorted(root.glob("*.csv"))
    if not tables:
        return _by_folders(root, files, depth, report)
    labels = _by_folders(root, files, depth, lambda message: None)
    if labels:
        report(f"'{tables[0].name}' of '{root}' is not looked at: its sub-folders are the classes")
        return labels
    return _by_tables(root, tables, files, report) or _by_folders(root, files, depth, report)


def class_names(
    labels: Mapping[str, str], files: Sequence[str], rules: int = RULES
) -> tuple[str, ...]:
    """The classes of these files in their order: by their value where all are numbers.

    By the rules of before numbers were ordered as names are.
    """
    names = {labels[file] for file in files} if labels else set()
    numbers = rules > BY_NAME and all(name.isdecimal() and str(int(name)) == name for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name) if numbers else (0, name)))


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
        hint = f": --data-root '{where}' takes the folders in it for classes" if deeper else ""
        report(f"the images of '{root}' have no labels, as all lie in one folder, '{name}'{hint}")
    return labels if len(names) > 1 and not loose else {}


def _by_list(root: Path, files: Sequence[str], report: Report) -> Labels:
    path = root / LIST
    try:
        told = json.loads(read_text(path))
        listed = told.get("labels") if isinstance(told, dict) else told
        pairs = [(str(name), label) for name, label in listed or ()]
    except (ValueError, TypeError, RecursionError) as error:
        raise GanzooError(
            f"'{path}' does not list labels: it must hold "
            '{"labels": [["a file", 0], ...]}, or be left out'
        ) from error
    if any(isinstance(label, list | float | dict) for _, label in pairs):
        report(f"the labels in '{path}' are numbers that are no classes, and are left out")
        return {}
    labels = {name.replace("\\", "/"): str(label) for name, label in pairs if label is not None}
    return _known(root, LIST, files, labels, report)


def _by_tables(root: Path, tables: Sequence[Path], files: Sequence[str], report: Report) -> Labels:
    """The labels in tables of which one column holds files, and another one classes."""
    names = {file: file for file in files}
    for shorten in (
        lambda file: file.rpartition(".")[0],
        lambda file: PurePosixPath(file).name,
        lambda file: PurePosixPath(file).stem,
    ):
        short = [shorten(file) for file in files]
        if len({*short}) == len(short):
            names |= {name: file for name, file in zip(short, files, strict=True) if name}
    labels: Labels = {}
    taken = ""
    for table in tables:
        try:
            head, *rows = [row for row in csv.reader(io.StringIO(read_text(table))) if row] or [[]]
        except csv.Error as error:
            raise GanzooError(f"'{table}' is not a CSV: {error}") from error
        rows = [row for row in rows if len(row) == len(head)]
        columns = [column.strip().lower() for column in head]
        called = next((columns.index(name) for name in COLUMNS if name in columns), None)
        named = {
            number: sum(row[number] in names for row in rows)
            for number in range(len(head))
            if number != called
        }
        of_files = max(named, key=lambda number: named[number], default=None)
        rest = [number for number in named if number != of_files]
        of_classes = rest[0] if called is None and _repeats(rows, rest) else called
        if of_classes is None or of_files is None or not named[of_files]:
            report(
                f"'{table.name}' of '{root}' is not taken for labels: that needs a column with the "
                "images' files and one called label, or one other that says the same of several"
            )
            continue
        taken = table.name
        labels |= {
            names[row[of_files]]: row[of_classes].strip()
            for row in rows
            if row[of_files] in names and row[of_classes].strip()
        }
    return _known(root, taken, files, labels, report) if labels else {}


def _repeats(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether it is one column, and says the same of several rows, as captions do not."""
    return len(columns) == 1 and len({row[columns[0]] for row in rows}) < len(rows)


def _known(root: Path, table: str, files: Sequence[str], listed: Labels, report: Report) -> Labels:
    """The labels of the files that are there; what has none is said."""
    labels = {file: listed[file] for file in files if file in listed}
    without = [file for file in files if file not in labels]
    if not labels:
        report(f"the images of '{root}' have no labels, as '{table}' has none of theirs")
    elif without:
        report(
            f"left out: {len(without)} images of '{root}' that have no label in '{table}', such as "
            f"'{without[0]}'"
        )
    if labels:
        report(f"the labels of '{root}' are those in '{table}'")
    return labels if len({*labels.values()}) > 1 else {}


def _shared(labels: Labels, root: Path, report: Report) -> Labels:
    """The labels, if two of so many images have the same: else they are names, and no classes."""
    if len(labels) >= MANY and len({*labels.values()}) == len(labels):
        report(f"the images of '{root}' have no labels, as each would be a class of its own")
        return {}
    return labels
