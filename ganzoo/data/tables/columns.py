"""Which column of a table names files: by what it is called and holds, never by its place alone."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from ganzoo.errors import GanzooError

CALLED = (
    *("file", "filename", "filepath", "path", "photo", "picture"),
    *("image", "imagename", "imageid", "imagepath", "imagefile"),
    *("img", "imgname", "imgid", "imgpath"),
)
"""What a column of files is called, in small letters alone."""


def column_of_files(
    where: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    names: Mapping[int, Mapping[str, str]],
) -> int | None:
    """The column in which rows name files.

    Numbers of rows, ages and identities look like names of files without their suffix. So a column
    that is called as one of files is, or that holds names with a suffix, is the only one that
    counts, whether the files are there or not; of several the one that names files that are there
    with their suffix, and no cell twice.

    Args:
        where: which table it is, for an error's message.
        head: what the columns are called.
        rows: cells for each of these.
        names: of each column that may be it, the files by what its cells call them.

    Returns:
        None where no column names a file that is there.

    Raises:
        GanzooError: several columns are as likely.
    """
    suffixes = {PurePosixPath(file).suffix.lower() for of in names.values() for file in of.values()}
    suffixes -= {""}

    def cells(column: int) -> list[str]:
        return [row[column] for row in rows]

    def claims(column: int) -> bool:
        held = [PurePosixPath(cell.strip()).suffix.lower() in suffixes for cell in cells(column)]
        return re.sub(r"[\W_]", "", head[column].lower()) in CALLED or 2 * sum(held) > len(held)

    def whole(column: int) -> bool:
        of = names[column]
        return any(
            of[cell].endswith(cell) and PurePosixPath(cell).suffix
            for cell in cells(column)
            if cell in of
        )

    def single(column: int) -> bool:
        return len({*cells(column)}) == len(rows)

    likely = [column for column in names if claims(column)] or [*names]
    likely = [column for column in likely if any(cell in names[column] for cell in cells(column))]
    for rule in (whole, single):
        likely = [column for column in likely if rule(column)] or likely
    if len(likely) > 1:
        told = " and ".join(f"'{head[column]}'" for column in likely[:2])
        raise GanzooError(
            f"{where} has several columns that may name the images' files, {told}: call the one "
            "that does 'file'"
        )
    return next(iter(likely), None)
