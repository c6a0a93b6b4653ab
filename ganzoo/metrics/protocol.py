"""How numbers were obtained, in one line: only numbers with the same line can be compared."""

import re
from dataclasses import dataclass, fields

VERSION = 1
"""Of the formulas and of who is compared with whom: a new one makes new numbers."""

WORDS = {
    "features": "what sees the images",
    "fake": "samples",
    "real": "held-out ones that they are compared with",
    "control": "training ones in the samples' place, for the column 'real data'",
    "made": "made of real ones",
    "seed": "of the samples, and of which real ones are taken",
    "quantisation": "of what is measured, as files have it",
}
"""What the words of a protocol mean, a line each."""


def in_plain_words(protocol: str) -> str:
    """What the words mean that a protocol has."""
    there = [word for word in WORDS if re.search(rf"; {word} ", protocol)]
    return "; ".join(f"{word}: {WORDS[word]}" for word in there)


@dataclass(frozen=True)
class Protocol:
    """What decides a number besides the samples."""

    data: str
    """The data set, its size and its split: ``"mnist 1x28x28, test split"``."""
    features: str
    """The extractor, with the hash of its weights; ``"none"`` for points."""
    resizing: str
    """Of images to the size that the extractor takes."""
    fake: int
    """How many samples; 0: none were drawn."""
    real: int
    """How many real ones they are compared with; 0: none."""
    control: int
    """How many real ones stand in the samples' place, if fewer than `fake`; else 0."""
    seed: int
    """Of the latents and of the choice of real samples."""
    quantisation: str = "8 bits"
    """Of the samples, before they are measured."""
    made: int = 0
    """How many samples were made of real ones, besides those that were drawn; 0: none."""

    def __str__(self) -> str:
        parts = [
            f"{field.name} {getattr(self, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) not in ("", "none")
            and not (
                field.name in ("fake", "real", "control", "made") and not getattr(self, field.name)
            )
        ]
        return "; ".join([f"ganzoo {VERSION}", *parts])
