"""What a check must say of a variant, noted where the variant is written."""

from collections.abc import Callable
from typing import NamedTuple


class Broken(NamedTuple):
    """What a check must say of a variant."""

    check: str
    cls: type
    sentence: str
    """A regex: what is wrong, and what to do."""
    also: tuple[str, ...]
    """Other checks that cannot but fail."""


BROKEN: list[Broken] = []


def breaks(check: str, sentence: str, also: tuple[str, ...] = ()) -> Callable[[type], type]:
    def noted(cls: type) -> type:
        BROKEN.append(Broken(check, cls, sentence, also))
        return cls

    return noted
