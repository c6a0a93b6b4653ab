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
        here, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        return f"{folder} cannot be used ({error.strerror})"
    if not hasattr(os, "geteuid"):
        return ""
    if not stat.S_ISDIR(here.st_mode):
        return f"{folder} is a link"
    if here.st_uid != os.geteuid():
        return f"{folder} is another user's"
    of_group = here.st_mode & stat.S_IWGRP and not _is_private(here.st_gid)
    if of_group or here.st_mode & stat.S_IWOTH:
        return f"others can write into {folder}"
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        return f"others can replace {folder}"
    return ""


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
    """Whether a group is called like the user, as one is that has nobody else in it."""
    import grp
    import pwd

    try:
        return grp.getgrgid(group).gr_name == pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
