"""Where ganzoo keeps what it can make again."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Where the caches are: ``$GANZOO_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("GANZOO_CACHE")
    return expanded(chosen) if chosen else platformdirs.user_cache_path("ganzoo")


def expanded(path: str | Path) -> Path:
    """A path in which ``~`` stands for a home; ``~x`` of nobody is a name like any other."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user, or nobody knows where this one's home is
        return Path(path)


MARK = ".ganzoo"
"""A file in folders that commands write: what lies there is nobody's data."""


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a training."""
    return (folder / "run.json").is_file() and (folder / "checkpoints").is_dir()


def is_made_here(folder: Path) -> bool:
    """Whether ganzoo wrote a folder: a run, or what a command was asked to write."""
    return is_run(folder) or (folder / MARK).is_file()


def mark(folder: Path) -> None:
    """Have a folder be known for one that ganzoo wrote.

    Raises:
        OSError: it cannot be written.
    """
    (folder / MARK).write_text(
        "Ganzoo wrote this folder. While this file is here, nothing in the folder is taken for "
        "data of a folder above it.\n"
    )
