"""A zip in place of a folder: unpacked once into the cache."""

import errno
import hashlib
import lzma
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from ganzoo.artifacts.files import read_note, replacing, whole_folder
from ganzoo.artifacts.places import cache_folder, make_cache_folder, mark
from ganzoo.errors import GanzooError

PATIENCE = 30.0
"""Seconds until another user has unpacked something."""
_ROOM = 2**30
"""Bytes that stay free on the disk."""
_CHUNK = 2**20
_BLOCK = 2**12
"""Bytes that a file takes on the disk at least."""
_HARMLESS, _SWOLLEN = 2**26, 100
"""Bytes that any zip may become, and how many times its own: images hardly become fewer by it."""


def is_zip(path: Path) -> bool:
    """Whether it is called a zip, and is a file."""
    return path.suffix.lower() == ".zip" and path.is_file()


def named_by_zip(path: Path) -> Callable[[str], str]:
    """What says of a message in which files of a zip it is about, and not where they are unpacked.

    Args:
        path: of a zip that exists.
    """
    inside = str(_place(path) / path.stem)
    return lambda message: message.replace(inside, str(path))


def unzipped(path: Path) -> Path:
    """The folder in a zip, unpacked: the one at its top, where everything lies in one.

    Raises:
        GanzooError: it is no zip, is encrypted or damaged, or does not fit onto the disk.
    """
    place = _place(path)
    root = place / path.stem
    if not _is_as_unpacked(place):
        try:
            make_cache_folder()
            with _alone(path, Path(f"{place}.lock")):  # of several processes one unpacks it
                if place.is_dir() and not _is_as_unpacked(place):
                    shutil.rmtree(place)
                _unpack_once(path, place)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise GanzooError(f"'{path}' is a damaged zip: {error}") from error
        except (RuntimeError, NotImplementedError) as error:  # encrypted, or packed in other ways
            raise GanzooError(f"'{path}' cannot be unpacked here ({error}): unpack it") from error
        except OSError as error:
            raise GanzooError(
                f"'{path}' cannot be unpacked into '{place.parent}' ({error.strerror or error}): "
                "set GANZOO_CACHE to a folder that can be written"
            ) from error
    if not os.access(root, os.R_OK | os.X_OK):
        raise GanzooError(
            f"'{path}' is unpacked in '{place}', where another user lets you read nothing: set "
            "GANZOO_CACHE to another folder"
        )
    inside = [each for each in root.iterdir() if not each.name.startswith(("__MACOSX", "."))]
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else root


def _place(path: Path) -> Path:
    """Where a zip is unpacked: elsewhere, as soon as it changes."""
    status = path.stat()
    state = f"{os.path.realpath(path)} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    digest = hashlib.blake2b(os.fsencode(state), digest_size=16).hexdigest()
    return cache_folder() / f"zip-{digest}"


@contextmanager
def _alone(path: Path, lock: Path) -> Iterator[None]:
    """Hold a lock, for which the user's own processes are waited for, however long they take.

    Raises:
        GanzooError: another user holds it, who may never let go.
    """
    theirs = lock.exists() and hasattr(os, "geteuid") and lock.lstat().st_uid != os.geteuid()
    try:
        with FileLock(lock, timeout=PATIENCE if theirs else -1):
            yield
    except Timeout as error:
        raise GanzooError(
            f"another user has held '{lock}' for {PATIENCE:.0f} s, so that '{path}' is not "
            "unpacked: try again later, or set GANZOO_CACHE to another folder"
        ) from error


def _is_as_unpacked(place: Path) -> bool:
    """Whether nothing is gone since, as what tidies up caches removes old files, or is another."""
    try:
        return read_note(_note(place)) == _state(place)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:  # it is said elsewhere what cannot be read
        return place.is_dir()


def _note(place: Path) -> Path:
    """The file that holds the state of a folder as it was when it was unpacked."""
    return Path(f"{place}.files")


def _state(place: Path) -> str:
    """A digest of the names, sizes and times of all files below a folder.

    Raises:
        ValueError: something is a link, as nothing is that was unpacked here.
    """
    digest = hashlib.blake2b(digest_size=16)
    if place.is_symlink():
        raise ValueError(f"{place} is a link")
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted([*names, *folders]):
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                raise ValueError(f"{path} is a link")
            if stat.S_ISDIR(status.st_mode):
                continue
            within = path.relative_to(place)  # which may be spelled in two ways
            digest.update(os.fsencode(f"{within} {status.st_size} {status.st_mtime_ns}\0"))
    return digest.hexdigest()


def _within(info: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(info.filename.replace("\\", "/"))


def _unpack_once(path: Path, place: Path) -> None:
    """Unpack a zip into a folder, unless another process has; nobody else is at it."""
    if place.is_dir():
        return
    for abandoned in place.parent.glob(f".{place.name}.*.tmp"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with zipfile.ZipFile(path) as archive, whole_folder(place) as temporary:
        _unpack(archive, path, temporary / path.stem)
        mark(temporary)  # that nobody takes it for images of a folder above it
    with replacing(_note(place)) as note:
        note.write_text(_state(place))


def _unpack(archive: zipfile.ZipFile, path: Path, root: Path) -> None:
    """Write the files of a zip below `root`, whatever their names."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    needed = sum(max(info.file_size, _BLOCK) for info in files)
    if needed > max(_HARMLESS, _SWOLLEN * path.stat().st_size):
        raise GanzooError(
            f"'{path}' would become {needed / path.stat().st_size:,.0f} times as large, as only "
            "what is meant to fill a disk does: unpack it with a program that you trust"
        )
    free = shutil.disk_usage(root.parent).free
    if needed + _ROOM > free:
        raise GanzooError(
            f"'{path}' becomes {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free for it: "
            "set GANZOO_CACHE to a folder on a larger disk, or unpack what is needed"
        )
    root.mkdir()
    folders = _Folders(root)
    for info in files:
        parts = _within(info).parts
        if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
            raise GanzooError(
                f"'{path}' holds '{info.filename}', which would lie outside of it: unpack it with "
                "a program that you trust"
            )
        target = root.joinpath(*parts)
        try:
            folders.make(target.parent)
            file = target.open("xb")
        except (FileExistsError, NotADirectoryError) as error:
            raise GanzooError(
                f"'{path}' holds '{info.filename}' and another of that name, of which one would be "
                "lost here: unpack it with a program that asks"
            ) from error
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise GanzooError(
                f"'{path}' holds '{info.filename[:50]}...', a name that is too long for the disk "
                f"of '{root.parent}': unpack it, and shorten the name"
            ) from error
        with file, archive.open(info) as packed:
            shutil.copyfileobj(packed, file, _CHUNK)


class _Folders:
    """The folders that are made for a zip, none of which the disk takes for another."""

    def __init__(self, root: Path) -> None:
        self._made = {root}
        self._known: dict[tuple[int, int], Path] = {}

    def make(self, folder: Path) -> None:
        """Make a folder below `root`, and those above it, where they are not there.

        Raises:
            FileExistsError: the disk takes it for another, as one that does not tell upper from
                lower case does, and two classes would become one.
        """
        if folder in self._made:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for new in (folder, *folder.parents):
            if new in self._made:
                return
            status = new.stat()
            if self._known.setdefault((status.st_dev, status.st_ino), new) != new:
                raise FileExistsError(errno.EEXIST, "it is there by another name", str(new))
            self._made.add(new)
