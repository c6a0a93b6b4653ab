"""What is found in image files that the user may not expect."""

from collections.abc import Callable

from ganzoo.data.files.opened import Look
from ganzoo.data.files.wanted import MOST_BITS, Pixels

Seen = dict[str, int]

_DARK = 14
"""Bits of 16, if no file uses more, that are worth a word: all images look dark then."""


def nothing_seen() -> Seen:
    """Of files that nobody has looked at yet.

    The greatest value in files of 16 bits; how many files have several pages, and how many of these
    are left out; how many have colours of 16 bits, or a profile of colours that is of no use.
    """
    return dict.fromkeys(("highest", "paged", "pages", "deep", "miscoloured"), 0)


def see(seen: Seen, found: Look) -> None:
    """Note what was found in one more file."""
    seen["highest"] = max(seen["highest"], found.highest)
    seen["paged"] += found.pages > 0
    seen["pages"] += found.pages
    seen["deep"] += found.deep
    seen["miscoloured"] += found.miscoloured


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
            f"{seen['paged']} files {where} have several pages or frames: the first of each is "
            f"taken, and {seen['pages']} others are left out"
        )
    if seen["deep"]:
        report(f"{seen['deep']} files {where} have colours of 16 bits, which become 8")
    if seen["miscoloured"]:
        report(
            f"{seen['miscoloured']} files {where} have a colour profile that cannot be used: "
            "their colours are taken for sRGB"
        )
    bits = seen["highest"].bit_length()
    if bits and bits <= _DARK and wanted.bits == MOST_BITS:
        bits = max(bits, 8)
        report(
            f"the files of 16 bits {where} have values up to {seen['highest']} of 65535, and so "
            f"they are dark: --pixels bits={bits} makes {(1 << bits) - 1} white"
        )
