"""What a command line asks for that trains: flags and files of settings."""

from __future__ import annotations

import os
import re
import shlex
import stat
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from ganzoo.artifacts.files import open_unless_idle
from ganzoo.cli.flags import make_flag, remembered_flag
from ganzoo.config import options, unknown_setting
from ganzoo.errors import GanzooError, lacks_memory
from ganzoo.plugins.registered import Registered
from ganzoo.plugins.registry import registry
from ganzoo.plugins.verify import Memory
from ganzoo.spec import VariantSpec
from ganzoo.training.settings import Training

if TYPE_CHECKING:
    from ganzoo.runs.run import Run
    from ganzoo.variant import Variant


@dataclass(frozen=True)
class Request:
    """What a command line asks for before its variant's own flags are understood."""

    registered: Registered[VariantSpec] | None = None
    """The variant, from the command line, the file or the run."""
    run: Run | None = None
    """What ``--resume`` names."""
    file: Mapping[str, object] = field(default_factory=dict)
    """The settings of trainings that ``--config`` holds."""
    own: Mapping[str, object] = field(default_factory=dict)
    """What it holds of the command's own."""

    def flags(self) -> list[click.Option]:
        """The flags of the variant's own settings."""
        if self.registered is None:
            return []
        cls: type[Variant] = self.registered.load()
        return [make_flag(option, cls.__name__) for option in options(cls.Config).values()]

    def without(self, flag: str) -> str:
        """Why the variant has no such flag; empty: it does not say so."""
        if self.registered is None:
            return ""
        cls: type[Variant] = self.registered.load()
        return cls.without.get(flag.removeprefix("--").replace("-", "_"), "")


class TrainCommand(click.RichCommand):
    """A command with the flags of the variant that its arguments name."""

    example = "--steps 1000"
    """What may stand behind the name of a variant."""
    own_keys: frozenset[str] = frozenset()
    """Keys of the file, tables included, that are no settings of a training."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The common flags, then those of the variant, once it is known."""
        params = super().get_params(ctx)
        own = ctx.meta.get("flags", [])
        return [*params[:-1], *own, params[-1]]  # the last is --help

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find out which variant is meant, then parse with its flags."""
        if ctx.resilient_parsing:  # a shell completes, which must be quick
            ctx.obj, ctx.meta["flags"] = Request(), _known_flags(args)
            return super().parse_args(ctx, args)
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        seen, _, _ = parser.parse_args([*args])
        request = _first_look(seen, self.own_keys)
        ctx.obj = request
        ctx.meta["flags"] = request.flags()
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if why := request.without(error.option_name):
                raise GanzooError(f"there is no option '{error.option_name}': {why}") from error
            raise

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """An example of the variant that is chosen; else the names of all, and one of any."""
        request: Request = ctx.obj
        if request.registered is not None:
            name = request.registered.spec.name
            formatter.write(f"\n Example: ganzoo {self.name} {name} {self.example}\n\n")
        else:
            names = ", ".join(row.spec.name for row in registry().variants())
            formatter.write(
                f"\n Variants: {names}. `ganzoo {self.name} VARIANT --help` adds its flags.\n"
            )
            super().format_epilog(ctx, formatter)


def _known_flags(words: Sequence[str]) -> list[click.Option]:
    """The flags of the variant that a word names, which is imported where that is new."""
    rows = [row for row in registry().variants() if row.spec.name in words and row.usable]
    if not rows:
        return []
    memory = Memory()
    if memory.settings(rows[0]) is None:
        memory.look(rows[0])
        memory.save()
    return [remembered_flag(about) for about in memory.settings(rows[0]) or ()]


def training_asked(
    ctx: click.RichContext, words: Sequence[str], flags: Mapping[str, object]
) -> tuple[Registered[VariantSpec], dict[str, object]]:
    """The variant, and the settings of its training that were given.

    Args:
        ctx: of a `TrainCommand`.
        words: what is typed besides flags: the name of the variant, or nothing.
        flags: of the training, with their defaults.

    Raises:
        GanzooError: there is no variant, or there are two.
    """
    if len(words) > 1:
        folder = Path(words[1]).is_dir()
        raise GanzooError(
            f"there is no place for '{words[1]}': `ganzoo {ctx.command.name}` takes one variant, "
            + (
                f"and your images by --dataset folder --data-root {shlex.quote(words[1])}"
                if folder
                else "and flags such as --recompute take no value"
            )
        )
    request: Request = ctx.obj
    if request.registered is None:
        names = ", ".join(row.spec.name for row in registry().variants())
        raise GanzooError(
            f"name the variant to train, one of {names}: `ganzoo {ctx.command.name} VARIANT`; "
            "`ganzoo recommend PHOTOS` says which suits a folder of images"
        )
    return request.registered, merge(request.file, typed(ctx, flags))


def typed(ctx: click.Context, flags: Mapping[str, object]) -> dict[str, object]:
    """The flags that are on the command line."""
    source = ParameterSource.COMMANDLINE
    return {
        name: value for name, value in flags.items() if ctx.get_parameter_source(name) is source
    }


def merge(file: Mapping[str, object], flags: Mapping[str, object]) -> dict[str, object]:
    """What is set in all; a flag replaces what the file says about the same thing."""
    length = {"steps", "epochs"}
    replaced = length if length & flags.keys() else set()
    return {key: value for key, value in file.items() if key not in replaced} | dict(flags)


_LONG = 2**20
"""Characters that no file of settings has."""


def read_config(path: Path, tables: Collection[str] = ()) -> dict[str, object]:
    """The settings of a TOML file, or of the pipe of a shell's ``<(...)``, as they are written.

    Args:
        path: of the file.
        tables: names that it may have for tables.

    Raises:
        GanzooError: it cannot be read, is no TOML, has other tables, or says the same twice.
    """
    try:
        with open(path, encoding="utf-8", opener=open_unless_idle) as file:
            text = file.read(_LONG)  # a device may have no end
            if not text and stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise GanzooError(f"--config {path} is a pipe into which nobody writes settings")
        content = tomllib.loads(text)
    except OSError as error:
        raise GanzooError(f"--config {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise GanzooError(f"--config {path} is not TOML: it is not UTF-8 text") from error
    except RecursionError as error:
        raise GanzooError(f"--config {path} is not TOML: it is nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        raise GanzooError(f"--config {path} is not TOML: {_reason(error, text)}") from error
    for key, value in content.items():
        if isinstance(value, dict) and key not in tables:
            raise GanzooError(
                f"--config {path} has a table [{key}]: write all settings at the top, without "
                "tables"
            )
    for key in content:
        if "-" in key and key.replace("-", "_") in content:
            raise GanzooError(
                f"--config {path} has both {key} and {key.replace('-', '_')}: leave one out"
            )
    return content


_WRONG = {
    "Cannot": "it says the same twice",
    "Duplicate": "it says the same twice",
    "Unterminated string": "a text does not end with the quote that it begins with",
    "Expected \"'": "a text does not end with the quote that it begins with",
    "Unclosed": "a bracket is not closed",
    "Expected newline": "something follows on a value",
    "Expected ']'": "a bracket is not closed",
    "Unescaped": "a text holds a backslash, which stands for itself within single quotes",
    "Illegal": "there is a character that no text may hold",
    "Found invalid character": "there is a character that no text may hold",
}
"""What tomllib begins to say, and what is meant; else it is no setting at all."""


def _reason(error: tomllib.TOMLDecodeError, text: str) -> str:
    """What is wrong with a file of settings, and in which line."""
    said = str(error)
    found = (words for begin, words in _WRONG.items() if said.startswith(begin))
    what = next(found, "it must have lines such as `steps = 1000`, and texts in quotes")
    at = re.search(r"at line (\d+)", said)
    return f"{what} (in line {at[1] if at else len(text.splitlines())})"


def _first_look(seen: Mapping[str, Any], own_keys: frozenset[str]) -> Request:
    """What the common flags and the words that are no flags ask for."""
    written = {} if seen.get("config") is None else read_config(Path(seen["config"]), own_keys)
    file = {key.replace("-", "_"): value for key, value in written.items()}
    own = {key: file.pop(key) for key in own_keys & file.keys()}
    words = seen["variant"] if isinstance(seen.get("variant"), tuple) else ()
    known = {name for row in registry().variants() for name in (row.spec.name, row.qualified)}
    name = file.pop("variant", None)
    if words and not words[0].startswith("-"):
        name = words[0]
    name = next((word for word in words if word in known), name)
    registered = registry().variant(str(name)) if name else None
    run = None
    if seen.get("resume"):
        from ganzoo.runs.run import (
            Run,  # imports torch, for which `ganzoo train --help` does not wait
        )

        run = Run.open(Path(seen["resume"]))
        trained = registry().variant(run.variant)
        if registered is not None and registered.qualified != trained.qualified:
            raise GanzooError(f"{run.path} trains {run.variant}, not {name}: leave the name out")
        registered = trained
    if registered is not None and file:
        asked = {key: value for key, value in written.items() if key.replace("-", "_") in file}
        _check_keys(asked, registered, seen["config"])
    return Request(registered, run, file, own)


def _check_keys(
    written: Mapping[str, object], registered: Registered[VariantSpec], path: str
) -> None:
    """Check names and values here, where the file can be blamed."""
    cls: type[Variant] = registered.load()
    known = options(Training) | options(cls.Config)
    for key, value in written.items():
        option = known.get(key.replace("-", "_"))
        if option is None:
            raise unknown_setting(key, known, f" (in {path})", cls.without)
        try:
            option.convert(value)
        except GanzooError as error:
            raise GanzooError(f"{error} (in {path})") from error


@contextmanager
def memory_checked() -> Iterator[None]:
    """Turn running out of memory into an error for the user."""
    from torch import OutOfMemoryError

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        on_host = lacks_memory(error)
        if not on_host and not isinstance(error, OutOfMemoryError):
            raise
        thrifty = "--accumulate, --recompute or, as graphs have memory of their own, --mode eager"
        raise GanzooError(
            "the training does not fit into memory: choose a smaller --batch-size, --image-size "
            "or network, or " + ("--accumulate or --recompute" if on_host else thrifty)
        ) from error
