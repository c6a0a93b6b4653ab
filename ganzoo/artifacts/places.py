"""Where ganzoo keeps what it can make again, and where a command may write."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

from ganzoo.errors import GanzooError


def cache_folder() -> Path:
    """Where the caches are: ``$GANZOO_CACHE``, else the user's cache folder.

    Where everybody may write, and in another user's, each has a part of it, as what is found there
    is trained on, and what is put there may be private.

    Raises:
        GanzooError: nobody knows where that would be, or that part is another user's.
    """
    chosen = os.environ.get("GANZOO_CACHE")
    folder = expanded(chosen) if chosen else of_the_user()
    return _part_of(folder) if chosen and _is_everybodys(folder) else folder


def _is_everybodys(folder: Path) -> bool:
    """Whether others than the user, or a group that he is of, decide what is in it."""
    with suppress(OSError):  # it is not there yet
        status = folder.stat()
        ours = status.st_uid in (os.geteuid(), 0) or (
            status.st_mode & stat.S_IWGRP
            and status.st_gid in (os.getegid(), *os.getgroups())
            and not _has_list(folder)
        )
        return not ours or bool(status.st_mode & stat.S_IWOTH)
    return False


def _has_list(folder: Path) -> bool:
    """Whether it has readers and writers by name, of which the group's bits are no more a sign."""
    return hasattr(os, "listxattr") and "system.posix_acl_access" in os.listxattr(folder)


def _part_of(folder: Path) -> Path:
    user = os.geteuid()
    part = folder / f"user-{user}"
    if part.is_symlink() or (part.exists() and part.stat().st_uid != user):
        raise GanzooError(f"{part} is another user's: set GANZOO_CACHE to another folder")
    return part


def make_cache_folder() -> None:
    """Make the folder of the caches, where it is not there.

    Nobody else reads what is the user's own, as what is decoded may come from a private folder.

    Raises:
        OSError: it cannot be made.
        GanzooError: as `cache_folder`.
    """
    folder, chosen = cache_folder(), os.environ.get("GANZOO_CACHE")
    folder.mkdir(parents=True, exist_ok=True)
    if not chosen or folder != expanded(chosen):
        with suppress(PermissionError):  # somebody has given the user another's
            folder.chmod(0o700)


def of_the_user() -> Path:
    """The user's cache folder; raises as `cache_folder` does."""
    try:
        return platformdirs.user_cache_path("ganzoo")
    except RuntimeError as error:  # of platformdirs, where there is neither a name nor HOME
        raise GanzooError(
            "this user has no home folder: set GANZOO_CACHE, and GANZOO_DATA for what is "
            "downloaded, to folders that can be written"
        ) from error


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


_OF_A_TRAINING = ("checkpoints", "samples", "evaluations")
"""Folders of a run, in which each name means something to what reads them."""
_WRITTEN_ANEW = ("run.json", "metrics.jsonl", "log.txt", "samples.gif", "curves.png", ".lock")
"""Files of a run, which go with what is put in their place."""


def check_place(out: Path) -> None:
    """See, before the work begins, whether something can be written there.

    Raises:
        GanzooError: it may not, or would be among what a training has written, and damage that.
    """
    _refuse_within_run(out)
    above = out.absolute().parents
    folder = out if _is_folder(out) else next(one for one in above if os.path.lexists(one))
    reason = errno.EACCES if _is_folder(folder) else errno.ENOTDIR
    if reason == errno.ENOTDIR or not os.access(folder, os.W_OK | os.X_OK):
        raise GanzooError(
            f"{out} cannot be written ({os.strerror(reason)}: '{folder}'): choose another --out"
        )


def _is_folder(path: Path) -> bool:
    with suppress(OSError):  # where nobody may look
        return path.is_dir()
    return False


def _refuse_within_run(out: Path) -> None:
    place = Path(os.path.realpath(out))
    if place.name in _WRITTEN_ANEW and is_run(place.parent):
        raise GanzooError(f"{out} is a file of the run {place.parent}: choose another --out")
    for above in place.parents:
        if place.relative_to(above).parts[0] in _OF_A_TRAINING and is_run(above):
            raise GanzooError(
                f"{out} is within the {place.relative_to(above).parts[0]} of the run {above}, "
                "which it would damage: choose another --out"
            )


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
