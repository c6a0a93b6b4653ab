"""PNG files of 16 bits a channel, which Pillow writes in gray alone."""

import struct
import zlib
from pathlib import Path

import numpy as np

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""By the number of channels, the last of an even number being opacity."""
_UP = 2
"""The filter by which a row is stored as its difference from the row above."""


def write_deep_png(words: np.ndarray, path: Path) -> None:
    """Write uint16 (height, width, 1 to 4 channels).

    https://www.w3.org/TR/png-3/

    Raises:
        OSError: it cannot be written.
    """
    height, width, channels = words.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    packed = zlib.compressobj(6)
    above = np.zeros(width * channels * 2, np.uint8)
    rows = []
    for row in words:
        now = row.astype(">u2").reshape(-1).view(np.uint8)
        rows.append(packed.compress(bytes([_UP]) + (now - above).tobytes()))
        above = now
    data = b"".join(rows) + packed.flush()
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, content in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
            file.write(struct.pack(">I", len(content)) + name)
            file.write(content)
            file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))
