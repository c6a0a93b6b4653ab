"""What goes wrong in the user's hands."""

from collections.abc import Iterable
from difflib import get_close_matches


class GanzooError(Exception):
    """One sentence for the user: what is wrong, where, and what to do.

    The command line prints it on stderr and exits with status 2, without a traceback.
    """


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
