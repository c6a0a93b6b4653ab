"""Names that are one to who reads them, and not to the machine: ``é`` as one character or as two.

Files that come from a Mac are often called by two, and what somebody writes has one.
"""

import unicodedata
from collections.abc import Iterable


def respelled(wanted: Iterable[str], there: Iterable[str]) -> dict[str, str]:
    """The names that are meant by those that are not there as they are written.

    Args:
        wanted: names, which may be in another of Unicode's forms.
        there: names that there are.

    Returns:
        Of each wanted name that is not there the one that is spelled alike; without those for
        which there are several, or that are several themselves.
    """
    asked = [name for name in wanted if not name.isascii()]
    mine, theirs = _by_form(asked), _by_form(there) if asked else {}
    return {
        name: meant
        for form, (name, *others) in mine.items()
        if not others and len(theirs.get(form, ())) == 1
        for meant in theirs[form]
        if meant != name
    }


def _by_form(names: Iterable[str]) -> dict[str, list[str]]:
    """Different names by the form that is one for all of the same characters."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(unicodedata.normalize("NFC", name), []).append(name)
    return found
