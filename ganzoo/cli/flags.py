"""Flags that are made from the settings of a variant."""

from typing import Any, get_args, get_origin

import rich_click as click

from ganzoo.config import Option, as_typed


def make_flag(option: Option, panel: str) -> click.Option:
    """The flag of a setting; its value, if it is given, is converted by the setup."""
    text = f"{option.doc}; {option.range}" if option.range and not option.choices else option.doc
    shared: dict[str, Any] = {"help": text, "show_default": True, "panel": panel}
    if option.type is bool:
        negative = option.flag.replace("--", "--no-", 1)
        return click.RichOption([f"{option.flag}/{negative}"], default=option.default, **shared)
    default = None if option.default is None else as_typed(option.default)
    metavar = "|".join(option.choices) or _KINDS.get(_kind(option), "TEXT")
    return click.RichOption([option.flag], type=str, default=default, metavar=metavar, **shared)


_KINDS = {int: "INT", float: "NUMBER", tuple: "INT,INT,..."}


def _kind(option: Option) -> Any:
    """The type of a setting's value, `None` aside."""
    kinds = [kind for kind in get_args(option.type) if kind is not type(None)]
    return get_origin(option.type) if get_origin(option.type) is tuple else [*kinds, option.type][0]
