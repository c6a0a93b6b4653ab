"""Flags of the commands that draw samples, those of the variant's own included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from ganzoo.artifacts.waiting import bar
from ganzoo.cli import legible
from ganzoo.cli.flags import Number, make_flag
from ganzoo.config import options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import preferring, registry

if TYPE_CHECKING:
    from ganzoo.library.samples import Samples
    from ganzoo.variant import Variant


class DrawingCommand(click.RichCommand):
    """A command with the flags of the variant whose run its arguments name."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The common flags, then those of the variant, once it is known."""
        params = super().get_params(ctx)
        return [*params[:-1], *ctx.meta.get("flags", []), params[-1]]  # the last is --help

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find out whose run is meant, then parse with the variant's flags."""
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        seen, _, _ = parser.parse_args([*args])
        complete = bool(seen.get("out") or seen.get("help"))
        if seen.get("out") and Path(seen["out"]).is_file():  # before anything long is imported
            raise GanzooError(f"{seen['out']} exists already: choose another --out")
        if complete and isinstance(seen.get("run"), str):
            ctx.meta["flags"] = _sampling_flags(Path(seen["run"]))
        return super().parse_args(ctx, args)


def _sampling_flags(path: Path) -> list[click.Option]:
    """The flags of how the variant of the run at `path` draws samples."""
    from ganzoo.runs.run import Run

    run = Run.open(path)
    with preferring(run.plugins):
        cls: type[Variant] = registry().variant(run.variant).load()
    if cls.Sampling is None:
        return []
    return [make_flag(option, cls.__name__) for option in options(cls.Sampling).values()]


def typed(ctx: click.Context, settings: dict[str, object]) -> dict[str, object]:
    """Those of the variant's own settings that the user gave."""
    given = ParameterSource.COMMANDLINE
    return {key: v for key, v in settings.items() if ctx.get_parameter_source(key) is given}


def label_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--label``, of which `text` says what it is of."""
    return click.option("--label", metavar="CLASS", help=text)


def say_class(asked: str | None, found: str) -> None:
    """Say which class was drawn, where it is spelled with other capitals."""
    if asked not in (None, found) and asked.casefold() == found.casefold():
        click.echo(legible(f"--label {asked} is the class {found}"))


seed_option = click.option(
    "--seed", metavar="INT", type=int, default=0, show_default=True, help="of the latents"
)
truncation_option = click.option(
    "--truncation",
    metavar="NUMBER",
    type=Number(0),
    default=1.0,
    show_default=True,
    help="ψ: below 1, latents are nearer to the mean, and samples better and less diverse",
)
scale_option = click.option(
    "--scale",
    metavar="INT",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="times as high and wide each image is drawn, pixel by pixel",
)


def check_seed(seed: int) -> None:
    """See whether latents can be drawn from a seed.

    Raises:
        GanzooError: they cannot.
    """
    if not 0 <= seed < 2**32:
        raise GanzooError(f"--seed must be at least 0 and at most {2**32 - 1}, not {seed}")


def numbers_of(flag: str, text: str) -> list[int]:
    """Numbers with commas between them.

    Raises:
        GanzooError: there is something else.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(re.fullmatch("[0-9]{1,9}", word) for word in words):
        raise GanzooError(f"{flag} must be numbers of samples such as 17 or 17,42, not {text}")
    return [*map(int, words)]


def with_bar(parts: Iterator[Samples], total: int) -> Iterator[Samples]:
    """Show on stderr, where that is a terminal, how many are drawn."""
    with bar("drawing samples", total) as advance:
        for part in parts:
            yield part
            advance(len(part))
