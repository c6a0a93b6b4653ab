"""Files of tensors that are mapped: who reads where one was cut short is ended by the system.

Nothing can be done about what is cut in the instant between a look at the file and the reading.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ganzoo.errors import GanzooError


class _File(NamedTuple):
    path: Path
    descriptor: int
    size: int


_WATCHED: dict[tuple[int, int], _File] = {}
"""By device and number; worker processes that are forked have them, too."""


def watch(path: Path) -> None:
    """Have `refuse_shortened` look at a file that this process has mapped."""
    with suppress(OSError):  # it may be gone, and what is mapped stays
        descriptor = os.open(path, os.O_RDONLY)
        status = os.fstat(descriptor)
        kept = _WATCHED.setdefault(
            (status.st_dev, status.st_ino), _File(path, descriptor, status.st_size)
        )
        if kept.descriptor != descriptor:
            os.close(descriptor)


def refuse_shortened() -> None:
    """To be called before mapped tensors are read; takes a microsecond a file.

    Raises:
        GanzooError: something has cut a file short that they lie in.
    """
    for number, file in [*_WATCHED.items()]:
        if os.fstat(file.descriptor).st_size < file.size:
            mapped = mapped_files()
            if mapped is None or os.path.realpath(file.path) in mapped:
                raise changed(file.path)
            os.close(_WATCHED.pop(number).descriptor)  # nobody has it mapped any more


def changed(path: Path | str) -> GanzooError:
    """The error for a file that something has written into, or has cut short."""
    return GanzooError(
        f"something has changed the decoded images in '{path}' while they were used: what was made "
        "of them since the last checkpoint is not kept, and --resume goes on from there with "
        "images that are decoded anew"
    )


def mapped_files() -> frozenset[str] | None:
    """The names of the files of tensors that are mapped; None: this system does not say it."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    return frozenset(line.split(maxsplit=5)[5] for line in lines if line.endswith(".safetensors"))
