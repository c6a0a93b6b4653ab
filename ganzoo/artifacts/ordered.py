"""The headers of files of safetensors: in order, and as long as the file is."""

import json
from pathlib import Path

from ganzoo.artifacts.files import check_is_file

_MOST_HEADER = 2**23
"""Bytes, which are the names of 60,000 tensors; a million of a stranger's take a minute."""


def order_header(file: Path) -> None:
    """Sort the metadata of a file, which safetensors writes in any order."""
    with file.open("r+b") as opened:
        size = int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(text) <= size
        opened.seek(8)
        opened.write(text.ljust(size))


def misfit(file: Path) -> str:
    """Why a file cannot be whole, by its header and its length; empty: it may be.

    What lies in its place may be far larger, and is not read to its end for that.

    Raises:
        OSError: it cannot be read, or is a pipe or the like.
    """
    check_is_file(file)
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        if size > _MOST_HEADER:
            return "its header is larger than that of any network"
        header = opened.read(size)
    try:
        tensors = [it for name, it in json.loads(header).items() if name != "__metadata__"]
        end = 8 + size + max((it["data_offsets"][1] for it in tensors), default=0)
    except (AttributeError, ValueError, LookupError, TypeError, RecursionError):
        return "its header is not the one that was written"
    return "" if end == file.stat().st_size else "it is not as long as its header says"
