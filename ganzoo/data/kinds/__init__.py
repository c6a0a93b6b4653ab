"""Kinds of data: a file each, found by its name, that says everything about values of its kind.

A module of this folder defines ``KIND``, an instance of its subclass of `Kind`; nothing else has to
be changed for it. None of them imports torch before one of its methods is called, so that commands
that only name kinds are quick.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ganzoo.data.kinds.kind import Kind
from ganzoo.errors import unknown
from ganzoo.spec import DataSpec

__all__ = ["Kind", "kind_of", "kinds", "sample_kind"]


@cache
def kinds() -> dict[str, Kind]:
    """All kinds that there are, by name."""
    modules = [module.name for module in iter_modules(__path__) if module.name != "kind"]
    return {name: import_module(f"{__name__}.{name}").KIND for name in sorted(modules)}


def kind_of(name: str) -> Kind:
    """The kind of that name, as `Field.kind` has it.

    Raises:
        GanzooError: there is none.
    """
    if name not in kinds():
        raise unknown("kind of data", name, kinds())
    return kinds()[name]


def sample_kind(data: DataSpec) -> Kind:
    """The kind of the data's samples."""
    return kind_of(data.kind)
