"""How the user wants image files to be read: the words of ``--pixels``."""

from dataclasses import dataclass, replace
from typing import Literal

from ganzoo.errors import GanzooError

CHANNELS = {"gray": 1, "rgb": 3, "rgba": 4}
MOST_BITS = 16


@dataclass(frozen=True)
class Pixels:
    """What ``--pixels`` says."""

    colour: Literal["", "gray", "rgb", "rgba"] = ""
    """What all images become; empty: gray where all of them are, else RGB on white."""
    bits: int = MOST_BITS
    """How many of the 16 bits of a file of 16 are used: with 12, 4095 is white."""
    huge: bool = False
    """Whether images are read that have so many pixels that they may be meant to fill memory."""

    managed: bool = True
    """Whether colours are those that a file's profile and all 16 bits of them mean; not so in runs
    from before."""

    @property
    def white(self) -> int:
        """The greatest value of a file of 16 bits."""
        return (1 << self.bits) - 1


AS_THEY_ARE = Pixels()


def parse_pixels(text: str | None, known: Pixels = AS_THEY_ARE) -> Pixels:
    """What words with commas between them ask for, such as ``"gray,bits=12,huge"``.

    Args:
        text: the words.
        known: what holds where they say nothing.

    Raises:
        GanzooError: a word is none of those, or contradicts another one.
    """
    pixels = replace(known, colour="")
    for word in str(text).split(",") if text is not None else ():
        word = word.strip().lower()
        name, _, number = word.partition("=")
        if word in ("gray", "rgb", "rgba") and pixels.colour in ("", word):
            pixels = replace(pixels, colour=word)  # type: ignore[arg-type]
        elif name == "bits" and number in map(str, range(8, MOST_BITS + 1)):
            pixels = replace(pixels, bits=int(number))
        elif word == "huge":
            pixels = replace(pixels, huge=True)
        else:
            raise GanzooError(
                "--pixels takes one of gray, rgb and rgba, bits=8 to bits=16, and huge, with "
                f"commas between them, not '{text}'"
            )
    return pixels if pixels.colour else replace(pixels, colour=known.colour)
