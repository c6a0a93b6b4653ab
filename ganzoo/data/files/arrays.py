"""Arrays of NumPy in one ``.npz``, whoever has written it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.artifacts.files import refuse_endless
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    import numpy as np


def read_arrays(path: Path) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """The arrays by name. No pickle is read.

    Raises:
        OSError: there is no such file, or it cannot be read.
        GanzooError: it does not fit into memory.
        ValueError: it is no ``.npz``, is damaged, or holds something else than plain arrays.
    """
    import os
    import tokenize
    import zipfile
    import zlib

    import numpy as np

    refuse_endless(path)
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if size > memory:
            raise GanzooError(
                f"'{path}' holds {size / 1e9:,.0f} GB of arrays, and this machine has "
                f"{memory / 1e9:,.0f} GB of memory: give fewer at once"
            )
        with np.load(path) as stored:  # refuses pickles by default
            arrays = {name: stored[name] for name in stored.files}
    except (
        *(TypeError, AttributeError, LookupError, EOFError, RuntimeError, RecursionError),
        *(SyntaxError, tokenize.TokenError, NotImplementedError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise ValueError(f"{error}") from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("it holds other files than arrays")
    return arrays
