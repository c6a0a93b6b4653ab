"""Texts for people, from templates that lie in a package."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined


@cache
def text_of(package: str, name: str) -> str:
    """A file of a package, UTF-8."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def plain(text: object) -> str:
    """A text in which nothing is markup of Markdown, and that no terminal obeys."""
    words = " ".join(str(text).split())
    shown = (one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in words)
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#&" else one for one in shown)


def templates(package: str, *, markup: bool, filters: dict[str, Callable[..., str]]) -> Environment:
    """The templates of a package, in which every name must be given.

    Args:
        package: whose files they are.
        markup: whether they are HTML, in which whatever is filled in is escaped.
        filters: what they may call, by name.
    """
    environment = Environment(
        loader=FunctionLoader(lambda name: text_of(package, name)),
        autoescape=markup,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment
