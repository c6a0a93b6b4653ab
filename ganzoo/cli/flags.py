"""Flags that are made from the settings of a variant, and what a shell completes of values."""

import math
import os
import shlex
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import rich_click as click
from click.shell_completion import CompletionItem

from ganzoo.config import Option, as_typed
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry


def make_flag(option: Option, panel: str) -> click.Option:
    """The flag of a setting; its value, if it is given, is converted by the setup."""
    text = f"{option.doc}; {option.range}" if option.range and not option.choices else option.doc
    shared: dict[str, Any] = {"help": text, "show_default": True, "panel": panel}
    if option.type is bool:
        negative = option.flag.replace("--", "--no-", 1)
        return click.RichOption([f"{option.flag}/{negative}"], default=option.default, **shared)
    default = None if option.default is None else as_typed(option.default)
    metavar = "|".join(option.choices) or _KINDS.get(_kind(option), "TEXT")
    shared["shell_complete"] = values_of(option.name, option.choices)
    return click.RichOption([option.flag], type=str, default=default, metavar=metavar, **shared)


_KINDS = {int: "INT", float: "NUMBER", tuple: "INT,INT,..."}


def _kind(option: Option) -> Any:
    """The type of a setting's value, `None` aside."""
    kinds = [kind for kind in get_args(option.type) if kind is not type(None)]
    return get_origin(option.type) if get_origin(option.type) is tuple else [*kinds, option.type][0]


class RunFolder(click.Path):
    """The folder of a run, of which a shell completes those that are one, or lead to one."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Folders that begin so: runs as they are, others with a slash, to go on with."""
        from ganzoo.artifacts.places import expanded  # for a shell that completes alone

        begun = incomplete.rpartition("/")[0]
        above = Path(incomplete if incomplete.endswith("/") else begun or ".")
        if not begun and not incomplete.startswith("/"):
            found = [*above.glob("*"), *above.glob("runs/*")]
        else:
            found = [*expanded(above).glob("*")]
        return [
            CompletionItem(_quoted(f"{folder}{'' if (folder / 'run.json').exists() else '/'}"))
            for folder in sorted(found)
            if folder.is_dir()
            and str(folder).startswith(incomplete)
            and _is_plain(str(folder))
            and not folder.name.startswith(".")
        ]


def _is_plain(name: str) -> bool:
    """Whether it has neither control characters nor what the script drops that bash reads."""
    return name.isprintable() and "\\" not in name


def _quoted(name: str) -> str:
    """A name, which may be anybody's, as a shell takes it for a word; others than bash do that."""
    bash = os.environ.get("_GANZOO_COMPLETE", "").startswith("bash")
    return shlex.quote(name) if bash else name


RUN = RunFolder()


class Number(click.FloatRange):
    """A number in a range, which what is no number, or without end, is never in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number", param, ctx)
        return number


def offers(kind: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What a shell completes of what plugins offer.

    Args:
        kind: a method of the registry: ``"variants"``.
    """

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        rows: list[Registered[Any]] = getattr(registry(), kind)()
        names = {row.spec.name: row.spec.title for row in rows if row.usable}
        return _beginning(names, incomplete)

    return complete


OFFERED = {
    "dataset": "datasets",
    "log_to": "loggers",
    "executor": "executors",
    "loss": "losses",
    "regulariser": "regularisers",
    "augment": "augmentations",
}
"""Settings whose values are names of what plugins offer."""


def values_of(
    name: str, choices: Collection[str]
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]] | None:
    """What a shell completes of the values of a setting; None: nothing is known of them."""
    if name in OFFERED:
        return offers(OFFERED[name])
    if name == "init":
        return RUN.shell_complete
    if not choices:
        return None
    return lambda ctx, param, incomplete: _beginning(dict.fromkeys(choices, ""), incomplete)


def remembered_flag(about: Mapping[str, Any]) -> click.Option:
    """The flag of a setting by what `ganzoo.plugins.verify.Memory` has kept of it."""
    name, flag = about["name"], "--" + about["name"].replace("_", "-")
    if about["switch"]:
        return click.RichOption([f"{flag}/{flag.replace('--', '--no-', 1)}"], help=about["doc"])
    complete = values_of(name, about["choices"])
    return click.RichOption([flag], type=str, help=about["doc"], shell_complete=complete)


def _beginning(names: Mapping[str, str], incomplete: str) -> list[CompletionItem]:
    """Those that go on from what is typed."""
    return [
        CompletionItem(_quoted(name), help=text or None)
        for name, text in names.items()
        if name.startswith(incomplete) and _is_plain(name)
    ]
