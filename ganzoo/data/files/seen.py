"""What is found in image files that the user may not expect."""

from collections.abc import Callable

from ganzoo.data.files.opened import Look
from ganzoo.data.files.wanted import MOST_BITS, Pixels
from ganzoo.errors import counted

Seen = dict[str, int]

DARK = 14
"""Bits of 16, if no file uses more, that are worth a word: all images look dark then."""


def nothing_seen() -> Seen:
    """Of files that nobody has looked at yet.

    The greatest value in files of 16 bits; how many files have several pages, and how many of these
    are left out; how many have colours of 16 bits, a profile of colours that is of no use, or
    pixels that were transparent and are on white now; and how many were enlarged.
    """
    names = ("highest", "paged", "pages", "deep", "miscoloured", "whitened", "enlarged")
    return dict.fromkeys(names, 0)


def see(seen: Seen, found: Look) -> None:
    """Note what was found in one more file."""
    seen["highest"] = max(seen["highest"], found.highest)
    seen["paged"] += found.pages > 0
    seen["pages"] += found.pages
    seen["deep"] += found.deep
    seen["miscoloured"] += found.miscoloured
    seen["whitened"] += found.whitened
    seen["enlarged"] += found.enlarged


def report_seen(where: str, seen: Seen, wanted: Pixels, report: Callable[[str], None]) -> None:
    """Say what was made of the files.

    Args:
        where: they are, such as ``"in 'photos'"``.
        seen: what is in them.
        wanted: what ``--pixels`` says.
        report: is told.
    """
    if seen["paged"]:
        report(
            f"{counted(seen['paged'], 'file')} {where} with several pages or frames: the first of "
            f"each is taken, and {counted(seen['pages'], 'other')} left out"
        )
    if seen["deep"]:
        report(f"{counted(seen['deep'], 'file')} {where} with colours of 16 bits, which become 8")
    if seen["miscoloured"]:
        report(
            f"{counted(seen['miscoloured'], 'file')} {where} with a colour profile that cannot be "
            "used: the colours are taken for sRGB"
        )
    if seen["whitened"]:
        report(
            f"{counted(seen['whitened'], 'file')} {where} with transparent pixels, which are laid "
            "on white: a training with --pixels rgba keeps them"
        )
    bits = seen["highest"].bit_length()
    if bits and bits <= DARK and wanted.bits == MOST_BITS:
        bits = max(bits, 8)
        report(
            f"the files of 16 bits {where} have values up to {seen['highest']} of 65535, and so "
            f"they are dark: --pixels bits={bits} makes {(1 << bits) - 1} white"
        )
