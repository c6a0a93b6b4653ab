"""What goes wrong in the user's hands."""

import errno
import os
import shlex
from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class GanzooError(Exception):
    """One sentence for the user: what is wrong, where, and what to do.

    The command line prints it on stderr and exits with its status, without a traceback.
    """

    status: ClassVar[int] = 2


class UnknownError(GanzooError):
    """There is nothing of that name."""


def unknown(kind: str, name: str, known: Iterable[str], hint: str = "") -> UnknownError:
    """The error for a name that does not exist, with the nearest one that does.

    >>> str(unknown("variant", "dcgn", ["dcgan", "vanilla"]))
    "there is no variant 'dcgn': did you mean 'dcgan'?"
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    if near:
        advice = f"did you mean '{near[0]}'?"
    elif names:
        advice = f"choose from {', '.join(names)}"
    else:
        advice = "none is installed"
    return UnknownError(f"there is no {kind} '{name}': {advice}{hint}")


def written_later(path: object) -> GanzooError:
    """The error for a file that only a later version of ganzoo understands."""
    return GanzooError(
        f"{path} was written by a later version of ganzoo, and this one cannot read it: "
        "`pip install --upgrade ganzoo-core`"
    )


_NO_MEMORY = (
    *("allocate memory", "not enough memory", "storage size calculation overflowed"),
    "failed to map segment from shared object",
)
"""What torch says of tensors for which there is no memory, or could be on no machine; and the
system of a library."""
_NO_THREAD = frozenset(("can't start new thread", os.strerror(errno.EAGAIN).lower()))
"""What Python and C++ say where no thread can be started; all that they say."""
_NO_THREAD_OF_ONNX = f"pthread_create failed, error code: {errno.EAGAIN}"
"""What onnxruntime says of it, among other things."""


def lacks_memory(error: Exception) -> bool:
    """Whether it says that memory is too small; that of a device aside, of which torch knows."""
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, MemoryError) or any(
        words in str(error).lower() for words in _NO_MEMORY
    )


def lacks_threads(error: Exception) -> bool:
    """Whether it says that no more threads or processes can be started."""
    if isinstance(error, OSError):
        return error.errno == errno.EAGAIN and error.filename is None
    said = str(error).lower()
    return isinstance(error, RuntimeError) and (said in _NO_THREAD or _NO_THREAD_OF_ONNX in said)


def shortage(error: Exception) -> str:
    """A sentence on what the system has too little of, if that is why; empty: it is not."""
    cause: BaseException | None = error
    while isinstance(cause, Exception):
        if lacks_memory(cause):
            return (
                "this does not fit into the memory that is left: end other programs, or raise the "
                "limit that `ulimit -v` shows"
            )
        if lacks_threads(cause):
            return (
                "the system starts no more threads or processes: end other programs, or raise the "
                "limit that `ulimit -u` shows"
            )
        cause = cause.__cause__
    return ""


def typed(path: object) -> str:
    """A path as one types it in a command, whatever a stranger has called it."""
    return shlex.quote(str(path))


def counted(number: int, thing: str) -> str:
    """So many of them, as one says it: ``1 image``, ``2,000 images``."""
    if number == 1:
        return f"1 {thing}"
    return f"{number:,} {thing}es" if thing.endswith("ss") else f"{number:,} {thing}s"


def lasting(seconds: float) -> str:
    """A time as one says it: ``40 s``, ``25 min``, ``3 h``."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 3600:.0f} h" if seconds >= 7200 else f"{round(seconds / 60)} min"
