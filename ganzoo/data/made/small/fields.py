"""What the samples of each small set are, known before any is drawn: no torch."""

import json
from typing import Any

from ganzoo.spec import Field, Group

DIGITS = tuple("0123456789")
_DIGIT = Field("label", "label", (), DIGITS)

GLYPH_PAIRS: Group = (
    Field("source", "image", (3, 28, 28)),
    Field("target", "image", (1, 28, 28)),
    _DIGIT,
)

PAINTED_GLYPHS: Group = (
    Field("image", "image", (3, 28, 28)),
    Field("attributes", "attributes", (4,), ("red", "thick", "slanted", "boxed")),
    _DIGIT,
)

MOVING_GLYPHS: Group = (Field("video", "video", (1, 8, 32, 32)), _DIGIT)

VOXELS: Group = (
    Field("volume", "volume", (1, 16, 16, 16)),
    Field("label", "label", (), ("ball", "box", "cylinder", "ring")),
)

ARITHMETIC: Group = (Field("tokens", "tokens", (13,), ("", *DIGITS, *"+-*()")),)

OCTAVES = 2
PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MELODIES: Group = (
    Field(
        "series",
        "series",
        (32, len(PITCHES) * OCTAVES),
        tuple(f"{pitch}{4 + octave}" for octave in range(OCTAVES) for pitch in PITCHES),
        "bytes",
    ),
)

SINES: Group = (Field("series", "series", (24, 5), tuple("abcde")),)

FRUIT_COLUMNS: dict[str, dict[str, Any]] = {
    "fruit": {"words": ["apple", "cherry", "melon", "pear"]},
    "colour": {"words": ["brown", "green", "red", "yellow"]},
    "weight": {"low": 0.0, "high": 2000.0, "digits": 2},
    "price": {"low": 0.0, "high": 12.0, "digits": 2},
}
"""The columns' codecs, see `ganzoo.data.kinds.table`; grams, and euros a kilogram."""
FRUITS: Group = (
    Field("table", "table", (10,), tuple(FRUIT_COLUMNS), json.dumps([*FRUIT_COLUMNS.values()])),
)
