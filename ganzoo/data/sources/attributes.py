"""Images with attributes: ``--dataset attributes --data-root DIR [--image-size HxW]``.

DIR holds images, at any depth, and a table of their attributes: CelebA's ``list_attr_celeba.txt``
(how many images; the attributes' names; then a file's name and 1 or -1 for each), its ``.csv``, or
another CSV whose first line names the columns, the first of which holds files. Values are 1 and
0, 1 and -1, yes and no, or true and false; a column with others is left out. A file counts by its
path in DIR or, where that is not there, by its name. What counts as an image and how it is decoded
is as in `folder`.

Splits: ``list_eval_partition.txt``, or ``.csv``, beside the table (0 to train on, 2 to test, others
left out); else the sub-folders ``train`` and ``test``, or ``val``, of DIR; else every tenth image
of the table is held out, alike of each combination of attributes where these are few.
"""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import torch

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.found import existing, list_images, no_images
from ganzoo.data.files.labels import last_told
from ganzoo.data.files.one_file import read_text
from ganzoo.data.files.spelling import respelled
from ganzoo.data.files.splits import by_folders, held_out
from ganzoo.data.kinds.image import image_field
from ganzoo.data.sources.decoding import decode
from ganzoo.data.sources.folder import chosen_size
from ganzoo.errors import GanzooError, counted
from ganzoo.spec import DataSpec, Field

VALUES = {"1": 1, "0": 0, "-1": 0, "yes": 1, "no": 0, "true": 1, "false": 0}
NOES = ("0", "-1")
"""Numbers for what is not there, of which a column has one."""
PARTITION = "list_eval_partition"
"""Which image of CelebA is of which split."""
_SPLIT = {"0": "train", "2": "test"}
_EACH = 10
"""Images of a combination of attributes, on average, for all of these to be held out alike."""

Row = list[str]


def load(request: DataRequest) -> Dataset:
    """Fields ``image`` and ``attributes``, as the module's documentation describes.

    Raises:
        GanzooError: there is no table, or it has no attributes, or none of its images is there.
    """
    needed = "a folder of images with a list_attr_*.txt or a .csv of their attributes"
    root = existing(request.root, "attributes", needed)
    table = _table(root)
    columns, rows = _read(table)
    columns, values = _attributes(table, columns, rows, request.report)
    files = _files(root, table, [row[0] for row in rows], request)
    listed = {file: value for file, value in zip(files, values, strict=True) if file}
    _report_several(
        table, [(f, v) for f, v in zip(files, values, strict=True) if f], request.report
    )
    splits = _splits(root, table, listed, request)
    chosen, rest = splits[request.split], splits["test" if request.split == "train" else "train"]
    if not chosen:
        raise GanzooError(
            f"'{table}' has no image for the {request.split} split: give it one, or ten images of "
            "which one is held out"
        )
    size = chosen_size(request)
    images, kept = decode(root, chosen, size, request.report, rest, wanted=request.reading)
    chosen_values = torch.tensor([listed[file] for file in chosen], dtype=torch.uint8)[kept]
    name = request.folder_name
    group = (
        image_field("image", images),
        Field("attributes", "attributes", (len(columns),), tuple(columns)),
    )
    return Dataset(DataSpec((group,), name), {"image": images, "attributes": chosen_values})


def _table(root: Path) -> Path:
    """The file with the attributes."""
    tables = sorted(path for path in root.glob("*") if path.suffix.lower() in (".txt", ".csv"))
    listed = [path for path in tables if path.name.startswith("list_attr")]
    others = [path for path in tables if path.suffix.lower() == ".csv" and path.stem != PARTITION]
    found = listed or others
    if len(found) == 1:
        return found[0]
    if not found:
        raise GanzooError(
            f"the folder '{root}' holds no attributes: put a list_attr_celeba.txt or a .csv into "
            "it, whose first column holds the images' files"
        )
    names = ", ".join(path.name for path in found)
    raise GanzooError(
        f"the folder '{root}' holds several tables, {names}: leave one, with the attributes"
    )


def _read(path: Path) -> tuple[list[str], list[Row]]:
    """The attributes' names, and the rows: a file, and a value for each of them."""
    text = read_text(path)
    if path.suffix.lower() == ".csv":
        (_, *names), *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row] or [
            [""]
        ]
        first = 2
    else:
        lines = [line.split() for line in text.splitlines()]
        counted = len(lines[0]) == 1 and lines[0][0].isdecimal() if lines else False
        names, *rows = lines[counted:] or [[]]
        first = 2 + counted
        rows = [row for row in rows if row]
    if not rows:
        raise GanzooError(f"'{path}' lists no images: it must have a line for each")
    for number, row in enumerate(rows, first):
        if len(row) != len(names) + 1:
            raise GanzooError(
                f"line {number} of '{path}' has {len(row) - 1} values, and there are {len(names)} "
                "attributes: each line needs a file and a value for each of them"
            )
    return names, rows


def _attributes(
    path: Path, names: Sequence[str], rows: Sequence[Row], report: Callable[[str], None]
) -> tuple[list[str], list[list[int]]]:
    """The names of those that are there or not, and 0 or 1 for each row."""
    taken: list[str] = []
    columns: list[list[int]] = []
    for number, name in enumerate(names, 1):
        cells = [row[number].strip().lower() for row in rows]
        strange = next((cell for cell in cells if cell not in VALUES), None)
        if strange is not None:
            report(
                f"column '{name}' of '{path}' is left out: '{strange}' is neither 1 nor 0, -1, "
                "yes, no, true or false"
            )
            continue
        if len({*cells} & {*NOES}) > 1:
            report(
                f"column '{name}' of '{path}' is left out: it has 0 beside -1, of which one may "
                "mean that it is not known"
            )
            continue
        taken.append(name.strip())
        columns.append([VALUES[cell] for cell in cells])
    twice = next((name for name in taken if taken.count(name) > 1), None)
    if twice is not None:
        report(f"'{path}' has several columns called '{twice}', each of which is an attribute")
    if not taken:
        raise GanzooError(
            f"'{path}' has no column of attributes: they are 1 or 0, 1 or -1, yes or no"
        )
    return taken, [list(row) for row in zip(*columns, strict=True)]


def _files(root: Path, table: Path, wanted: Sequence[str], request: DataRequest) -> list[str]:
    """The path, relative to `root`, of each file that the table lists; empty: it is not there."""
    report = request.report
    there = list_images(root, report, request.rules)
    if not there:
        raise no_images(root)
    paths = set(there)
    by_name: dict[str, list[str]] = {}
    for file in there:
        by_name.setdefault(PurePosixPath(file).name, []).append(file)
    found: list[str] = []
    meant = respelled(wanted, paths)
    called = respelled((PurePosixPath(name).name for name in wanted), by_name)
    for name in (meant.get(name, name) for name in wanted):
        last = PurePosixPath(name).name
        same = by_name.get(called.get(last, last), [])
        if name not in paths and len(same) > 1:
            raise GanzooError(
                f"'{table}' lists '{name}', and '{root}' has {same[0]} and {same[1]}: write the "
                "path into the table"
            )
        found.append(name if name in paths else next(iter(same), ""))
    missing = [name for name, file in zip(wanted, found, strict=True) if not file]
    if len(missing) == len(wanted):
        raise GanzooError(
            f"none of the images that '{table}' lists is in '{root}', such as '{wanted[0]}': its "
            "first column must hold their files"
        )
    if missing:
        report(
            f"'{table}' lists {counted(len(missing), 'image')} not among those that are there, "
            f"such as '{missing[0]}'"
        )
    unlisted = sorted(paths - set(found))
    if unlisted:
        report(
            f"left out: {counted(len(unlisted), 'image')} in '{root}' and not in '{table}', "
            f"such as '{unlisted[0]}'"
        )
    return found


def _report_several(
    table: Path, told: Sequence[tuple[str, object]], report: Callable[[str], None]
) -> None:
    """Say which images a table tells several things of."""
    _, several = last_told(told)
    if several:
        report(
            f"'{table}' lists {counted(len(several), 'image')} several times, and not alike, such "
            f"as '{several[0]}': the last time counts"
        )


def _splits(
    root: Path, table: Path, listed: dict[str, list[int]], request: DataRequest
) -> dict[str, list[str]]:
    """The files of each split, in the order of the table where that says nothing else."""
    files, report = [*listed], request.report
    partitions = [path for end in (".txt", ".csv") if (path := root / f"{PARTITION}{end}").exists()]
    if partitions[1:]:
        raise GanzooError(f"'{root}' holds {PARTITION}.txt and {PARTITION}.csv: leave one")
    if partitions:
        (partition,) = partitions
        lines = [line.replace(",", " ").split() for line in read_text(partition).splitlines()]
        told = [(line[0], _SPLIT.get(line[1], "")) for line in lines if len(line) == 2]
        _report_several(partition, told, report)
        split_of = dict(told)
        called = [PurePosixPath(file).name for file in files]
        meant = respelled(called, split_of)
        found = [
            (file, split_of.get(meant.get(name, name), ""))
            for file, name in zip(files, called, strict=True)
        ]
        other = sum(not split for _, split in found)
        if other:
            report(f"left out: {counted(other, 'image')}, by '{partition.name}' of neither split")
        return {split: [file for file, of in found if of == split] for split in ("train", "test")}
    split = by_folders(root, files, report, "image", request.rules)
    if split is not None and split.files["test"]:
        return split.files
    combined = [" ".join(map(str, listed[file])) for file in files]
    few = len({*combined}) * _EACH <= len(files)
    train, test = held_out(table, files, report, "image", combined if few else (), request.rules)
    return {"train": train, "test": test}
