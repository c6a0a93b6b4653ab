"""Where torch keeps compiled code, and runs what lies there: it must be the user's alone.

By default that is a name in the folder for temporary files, where another user can be first; what
``$TORCHINDUCTOR_CACHE_DIR`` names may be one that several share.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ganzoo.errors import GanzooError


def code_folder() -> Path:
    """Where torch keeps most of it: ``$TORCHINDUCTOR_CACHE_DIR``, else `usual_folder`."""
    return Path(os.environ.get("TORCHINDUCTOR_CACHE_DIR") or usual_folder())


def usual_folder() -> Path:
    """Where torch keeps the headers of compiled code in any case."""
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir  # imports the compiler

    return Path(default_cache_dir())


def why_not_own() -> str:
    """Why another user may have put something into one of the two folders; empty: nobody can.

    They are made, where they are not there.
    """
    return _why_not_own(usual_folder()) or _why_not_own(code_folder())


def _why_not_own(folder: Path) -> str:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        here = folder.lstat()
        places = {*folder.absolute().parents, *Path(os.path.realpath(folder)).parents}
        above = {place: place.stat() for place in sorted(places)}
    except OSError as error:
        return f"{folder} cannot be used ({error.strerror})"
    if not hasattr(os, "geteuid"):
        return ""
    if not stat.S_ISDIR(here.st_mode):
        return f"{folder} is a link"
    if here.st_uid != os.geteuid():
        return f"{folder} is another user's"
    if _others_write(here):
        return f"others can write into {folder}"
    for place, status in above.items():
        if status.st_uid not in (os.geteuid(), 0, _unknown_user()):
            return f"another user can replace {folder}, to whom {place} belongs"
        if _others_write(status) and not status.st_mode & stat.S_ISVTX:
            return f"others can replace {folder}, as they can write into {place}"
    return ""


def _others_write(status: os.stat_result) -> bool:
    of_group = status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid)
    return bool(of_group or status.st_mode & stat.S_IWOTH)


def _unknown_user() -> int | None:
    """Whom all belongs to that is not this user's, in a container without a root of its own."""
    try:
        mapped = Path("/proc/self/uid_map").read_text(encoding="ascii").split("\n")
        unknown = Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii")
        return None if any(line.split()[0] == "0" for line in mapped if line) else int(unknown)
    except (OSError, ValueError, IndexError):  # not Linux
        return None


def refuse_strangers_code() -> None:
    """See to it that compiled code is nobody else's.

    Raises:
        GanzooError: it may be.
    """
    if why := why_not_own():
        raise GanzooError(
            f"{why}, and torch runs the compiled code that lies there: remove it, or set TMPDIR, "
            "and TORCHINDUCTOR_CACHE_DIR if you use it, to folders of your own, or use --mode eager"
        )


def _is_private(group: int) -> bool:
    """Whether nobody else is in a group: it is root's, or called like the user."""
    import grp
    import pwd

    try:
        of, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return group == 0
    return group == 0 or (of.gr_name == user and set(of.gr_mem) <= {user})
