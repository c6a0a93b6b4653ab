"""Data that lie in one file, or in one for each split."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganzoo.artifacts.places import expanded
from ganzoo.errors import GanzooError

_LARGE = 2**33
"""Bytes of the largest text."""


def split_files(
    root: Path | None, dataset: str, suffixes: Sequence[str], needed: str
) -> tuple[Path, Path | None]:
    """The file to train on and that to test on; None: there is one file, of which some is held out.

    Args:
        root: what ``--data-root`` names: the file, or a folder with it, or one with ``train`` and
            ``test`` in it, of any of the suffixes.
        dataset: by which set, for the error message.
        suffixes: of such files, in lower case.
        needed: what there must be, such as ``"a table"``.

    Raises:
        GanzooError: nothing is named, it is not there, or it is not clear which file is meant.
    """
    if root is None:
        raise GanzooError(f"--dataset {dataset} needs --data-root, {needed}")
    root = expanded(root)
    if root.is_file():
        return root, None
    if not root.is_dir():
        raise GanzooError(f"there is no '{root}': name {needed}")
    found = sorted(
        path
        for path in root.iterdir()
        if path.suffix.lower() in suffixes and path.is_file() and not path.name.startswith(".")
    )
    stems = [path.stem.lower() for path in found]
    if sorted(stems) == ["test", "train"]:
        return found[stems.index("train")], found[stems.index("test")]
    if len(found) == 1:
        return found[0], None
    if not found:
        raise GanzooError(
            f"the folder '{root}' holds no {' or '.join(suffixes)} file: it must hold {needed}"
        )
    names = ", ".join(path.name for path in found[:3]) + (", ..." if found[3:] else "")
    raise GanzooError(
        f"the folder '{root}' holds {names}: name one of them with --data-root, or call two of "
        f"them train{found[0].suffix} and test{found[0].suffix}"
    )


def shown_name(train: Path, test: Path | None) -> str:
    """What such a data set is called: as its file, or as the folder of its two files."""
    return Path(os.path.realpath(train)).parent.name if test else train.stem


def read_text(path: Path) -> str:
    """What a file of text holds.

    Raises:
        GanzooError: it is not there, is no text in UTF-8, or does not fit into memory.
    """
    try:
        if path.exists() and not path.is_file():
            raise GanzooError(f"'{path}' is no file, and must be a text")
        if path.stat().st_size > _LARGE:
            raise GanzooError(
                f"'{path}' has {path.stat().st_size / 1e9:,.0f} GB, and texts are read up to "
                f"{_LARGE / 1e9:,.0f} GB: split it"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise GanzooError(
            f"'{path}' is no text in UTF-8 (byte {error.start} is not): save it in UTF-8"
        ) from error
    except OSError as error:
        raise GanzooError(f"'{path}' cannot be read: {error.strerror}") from error
