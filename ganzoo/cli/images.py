"""What commands that are given images have in common: what they ask for, and say as they work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.artifacts.places import check_place
from ganzoo.artifacts.waiting import bar
from ganzoo.cli.output import remark
from ganzoo.cli.owners import with_owners
from ganzoo.errors import GanzooError, counted

if TYPE_CHECKING:
    from ganzoo.library.making.maker import Maker


def unused(context: click.Context, option: click.Parameter, out: Path) -> Path:
    """What ``--out`` names, where nothing is there yet: a callback of click's.

    Raises:
        GanzooError: something is.
    """
    check_place(out)
    if out.exists():
        raise GanzooError(f"{out} exists already: choose another --out")
    return out


out_option = click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    required=True,
    callback=unused,
    help="a folder for PNG files with the names of the images that they are made of",
)
"""Of commands that make an image of each that they are given."""

images_argument = click.argument(
    "images", metavar="IMAGE...", type=click.Path(path_type=Path), nargs=-1, required=True
)
"""Of commands that are given files and folders."""


def write_made(maker: Maker, folder: Path, files: Sequence[str], doing: str, out: Path) -> int:
    """Make an image of each file, and write them; returns the exit status.

    Args:
        maker: makes them.
        folder: below which the files are.
        files: the images.
        doing: what is said while it is done.
        out: a folder, which is not there yet.
    """
    from ganzoo.library.images import write_pngs

    with bar(doing, len(files)) as advance:
        count = write_pngs(maker.over(folder, files, warn, advance), out)
    click.echo(f"{counted(count, 'image')}: {out}")
    return status_of(count, len(files))


def status_of(done: int, asked: int) -> int:
    """The exit status of a command that has done some of what was asked: 1, where not all.

    That is said last, where it is seen below the names of those that were skipped.
    """
    if done == asked:
        return 0
    warn(f"{asked - done:,} of {counted(asked, 'file')} could not be read")
    return 1


def warn(message: str) -> None:
    """Say something on stderr, in the words of the command that is called."""
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name is not None and "--" in message:
        message = with_owners(message, context.info_name.removeprefix("ganzoo "))
    remark(message)


def controls_option(more: str) -> Callable[[Any], Any]:
    """``--set``, more than once; `more` is said of what it does to a network."""
    return click.option(
        "--set",
        "controls",
        metavar="NAME=VALUE",
        multiple=True,
        help="what a translation should be like, where the variant can be told; may be repeated"
        + more,
    )


def parsed(texts: Iterable[str]) -> dict[str, object]:
    """What each ``--set NAME=VALUE`` asks for.

    Raises:
        GanzooError: it is of another form, or says the same twice.
    """
    asked: dict[str, object] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise GanzooError(f"--set takes NAME=VALUE, and '{text}' has no '='")
        if name in asked:
            raise GanzooError(f"--set says twice what {name} is: say it once")
        asked[name] = value
    return asked
