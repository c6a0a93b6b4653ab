"""Files that are whole or not there at all."""

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError

_LONG = 100
"""Bytes of a part of a name; a disk takes 255 of all of it."""
_ACL = "system.posix_acl_access"
_LARGE = 2**26
"""Bytes that no note has."""
_PASSING = r"\.({})\.[0-9]{{8,10}}-[0-9]{{16,20}}\.tmp(\.[^.]*)?"
"""A temporary name of what has such a stem: see `_unique`."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that becomes `path` when the block ends without an error.

    The content is on the disk before the name changes, so a crash leaves the old file or the new.
    Who may read the file may read the new one, and nobody else, not even while it is written.
    """
    with _written(path) as temporary:
        before = path.lstat() if path.is_file() and not path.is_symlink() else None
        if before is not None:
            descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with suppress(OSError):  # a group that this user is not of
                os.fchown(descriptor, -1, before.st_gid)
            _share_acl(path, descriptor)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode) | stat.S_IWUSR)
            os.close(descriptor)
        yield temporary
        if before is not None:
            temporary.chmod(stat.S_IMODE(before.st_mode))
        sync(temporary)
        temporary.replace(path)
    sync(path.parent)


def _share_acl(path: Path, descriptor: int) -> None:
    """Have a file named readers, by POSIX's lists, where another has them, and none where not."""
    if not hasattr(os, "getxattr"):  # not Linux
        return
    with suppress(OSError):  # there is no list, or the disk has none at all
        os.removexattr(descriptor, _ACL)
    with suppress(OSError):
        os.setxattr(descriptor, _ACL, os.getxattr(path, _ACL))


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """As `replacing`, for what is to be new: nothing that is put there meanwhile is overwritten.

    Raises:
        FileExistsError: something is there.
    """
    with _written(path) as temporary:
        yield temporary
        sync(temporary)
        _appear(temporary, path)
    sync(path.parent)


def _appear(made: Path, path: Path) -> None:
    """Have a file, or a folder, its name, unless something else is called so.

    Raises:
        OSError: something is.
    """
    if made.is_dir():
        made.rename(path)  # which no file and no full folder makes way for
        return
    try:
        path.hardlink_to(made)
    except FileExistsError:
        raise
    except OSError as error:  # of a disk that has no links
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from error
        made.replace(path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends without an error.

    An empty folder that is there stays the same, with its owner, its mode and who stands in it:
    what was made is moved into it, unless something comes into it meanwhile.

    Raises:
        OSError: something is in it, and nothing of what was made.
    """
    there, passing = path.is_dir(), _PASSING.format(".*")
    above = path if there else path.parent
    temporary = above / f".{_short(path.name)}{_unique()}"
    temporary.mkdir()
    try:
        yield temporary
        if there:
            if any(not re.fullmatch(passing, entry.name, re.DOTALL) for entry in path.iterdir()):
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(path))
            _move_in(temporary, path)
        else:
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_in(made: Path, folder: Path) -> None:
    """Move what is in a folder into another: all of it, or nothing, as where a name is taken."""
    moved: list[Path] = []
    try:
        for entry in [*made.iterdir()]:
            _appear(entry, folder / entry.name)
            moved.append(folder / entry.name)
    except BaseException:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, under which nothing is left."""
    temporary = path.with_name(f".{_short(path.stem)}{_unique()}{_short(path.suffix)}")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _unique() -> str:
    """What makes a name one that no other writer has; in containers all have one number."""
    return f".{secrets.randbits(32):010}-{secrets.randbits(64):020}.tmp"


def check_is_file(file: Path) -> None:
    """Refuse a pipe or the like, which might never end.

    Raises:
        OSError: it is one, or a folder.
    """
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is no file")


def sha256(file: Path) -> str:
    """The digest of a file's content, in hexadecimal digits.

    Raises:
        OSError: it cannot be read, or is a pipe or the like, which might never end.
    """
    check_is_file(file)
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def leftovers(folder: Path, stems: str = ".*") -> list[Path]:
    """Files that a writer has left which was killed, by the names that `replacing` gives.

    Args:
        folder: where they are.
        stems: of the files that were to be, a regular expression: another's writer may live.
    """
    named = re.compile(_PASSING.format(stems), re.DOTALL)
    return [
        path for path in folder.glob(".*.tmp*") if named.fullmatch(path.name) and path.is_file()
    ]


def unshare(path: Path) -> None:
    """Have what is written to a file not be in another of the same content, too, as in a copy."""
    if path.exists() and path.stat().st_nlink > 1:
        with replacing(path) as temporary:
            shutil.copyfile(path, temporary)


def of_steps(folder: Path, steps: range, names: str) -> list[Path]:
    """Files of some steps, in their order, as a run calls them: all others are somebody's.

    Args:
        folder: where they are, if it is there.
        steps: of the training, none that it was not asked for: 20261130 is a day.
        names: how they go on behind the step, as ``00000120.png`` does; a regular expression.
    """
    named = re.compile(rf"([0-9]{{8}}|[1-9][0-9]{{8,17}})(?:{names})")
    found = ((path, named.fullmatch(path.name)) for path in folder.glob("[0-9]*"))
    numbered = [(int(told[1]), path) for path, told in found if told and path.is_file()]
    return [path for step, path in sorted(numbered) if step in steps]


def _short(name: str) -> str:
    """The beginning of a name, as a longer one that is made of it may be too long for the disk."""
    return os.fsencode(name)[:_LONG].decode(errors="ignore")


def is_text(path: Path) -> bool:
    """Whether a path is text in UTF-8 on the disk, as safetensors has it."""
    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:
        return False
    return True


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file or a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_unless_idle(path: str, flags: int) -> int:
    """Open what a user names, without waiting for somebody to open a pipe that nobody writes to."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def refuse_endless(path: Path) -> None:
    """Refuse what a user names in the place of a file, and whose reader might wait for ever.

    Raises:
        OSError: it is a pipe, a socket or a device, or is not there.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is a pipe or the like, and no file", str(path))


def read_note(path: Path) -> str:
    """The text of a small file that ganzoo writes, which may have been put there by a stranger.

    Raises:
        OSError: it cannot be read.
        ValueError: it is a pipe or the like, which might never end, or too large, or no text.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGE:
        raise ValueError(f"{path} is nothing that was written here")
    return path.read_text(encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def refuse_links(path: Path) -> None:
    """Refuse what leads elsewhere in a run's folder, as it may be a stranger's.

    Raises:
        GanzooError: something in it is a link, a pipe or the like.
    """
    inside = [*path.iterdir()]
    for entry in [*inside, *(one for part in inside for one in part.glob("*"))]:
        refuse_link(entry)
        if not entry.is_dir() and not entry.is_file():
            raise GanzooError(f"{entry} is a pipe or the like, and no part of a run: remove it")


def own_folder(path: Path) -> Path:
    """A folder of notes, in one that may be a stranger's; it is made where there is none.

    Raises:
        GanzooError: it leads elsewhere, or something in it does.
        OSError: it cannot be made.
    """
    refuse_link(path)
    path.mkdir(parents=True, exist_ok=True)
    refuse_links(path)
    return path


def refuse_link(entry: Path) -> None:
    """Refuse what leads elsewhere.

    Raises:
        GanzooError: it is a link.
    """
    if entry.is_symlink():
        raise GanzooError(
            f"{entry} is a link, through which a run that is not yours could have files "
            "read or written elsewhere: put what it leads to in its place"
        )
