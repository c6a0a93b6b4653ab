"""``ganzoo sample``: samples of a trained run as files of their kind, arrays, or one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click.core import ParameterSource

from ganzoo.cli.flags import RUN, Number
from ganzoo.cli.output import checkpoint_option, device_option
from ganzoo.cli.sampling import (
    DrawingCommand,
    check_seed,
    label_option,
    numbers_of,
    say_class,
    scale_option,
    seed_option,
    truncation_option,
    typed,
    with_bar,
)
from ganzoo.errors import GanzooError, counted
from ganzoo.library import SPREAD

if TYPE_CHECKING:
    from ganzoo.library.trained import TrainedRun


@click.command(
    "sample",
    cls=DrawingCommand,
    epilog="Example: ganzoo sample runs/00001-dcgan-glyphs --n 64 --out digits.png",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option("--n", metavar="INT", type=int, default=100, show_default=True, help="how many")
@click.option(
    "--out",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    help="a folder for files, or a file whose name ends in .npz or .png",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["files", "npz", "picture"]),
    help="files: of the samples' kind, a PNG an image, a line a text or a point, and samples.json "
    "with their numbers and the seed; npz: arrays such as `images` uint8 (n, height, width, "
    "channels) or `points` float32 (n, dimensions), and `labels` of a conditional variant; "
    "picture: a PNG of all  [default: as --out ends]",
)
@checkpoint_option
@label_option("name or number of the class of all samples, where it has classes")
@seed_option
@truncation_option
@click.option(
    "--only", metavar="INT,...", help="draw these again: 17 is 00017.png of the same seed"
)
@click.option("--around", metavar="INT", type=int, help="draw variations of this one")
@click.option(
    "--spread",
    metavar="NUMBER",
    type=Number(0, 1),
    help=f"how far variations are from it: 0 is the same, 1 another  [default: {SPREAD:g}]",
)
@click.option(
    "--columns", metavar="INT", type=click.IntRange(1), help="images a row of a picture  "
    "[default: 10]",
)  # fmt: skip
@scale_option
@device_option("where to draw")
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    run: Path,
    n: int,
    out: Path,
    form: str | None,
    checkpoint: str,
    label: str | None,
    seed: int,
    truncation: float,
    only: str | None,
    around: int | None,
    spread: float | None,
    columns: int | None,
    scale: int,
    device: str,
    **sampling: object,
) -> None:
    """Draw samples from a checkpoint of RUN.

    Number k of a seed is the same sample whatever --n is: its file is called after it, and --only,
    --around and `ganzoo walk` take it.
    """
    if n < 1:
        raise GanzooError(f"--n must be at least 1, not {n}")
    check_seed(seed)
    if only is not None and ctx.get_parameter_source("n") is ParameterSource.COMMANDLINE:
        raise GanzooError("--only says which samples are drawn and --n how many: give one of them")
    if around is None and spread is not None:
        raise GanzooError("--spread is that of variations, which --around draws: give both")
    numbers = None if only is None else numbers_of("--only", only)

    from ganzoo.library.samples import write_samples
    from ganzoo.library.trained import open_run
    from ganzoo.library.writing import PICTURE, check_out, check_room, written

    form = check_out(out, form)
    if columns is not None and form != PICTURE:
        raise GanzooError("--columns is of a picture: let --out end in .png, or leave it out")
    opened = open_run(run, checkpoint, device)
    _check_scale(opened, scale, form)
    drawing = opened.drawing(label, seed, truncation, typed(ctx, sampling))
    apart = SPREAD if spread is None else spread
    count = n if numbers is None else len({*numbers})
    needed = written(opened.data.sample, count, form, scale)
    fewer = "choose a smaller --n" if scale == 1 else "choose a smaller --n or --scale"
    check_room(counted(count, "sample"), needed, out, fewer=fewer)
    parts = opened.drawn(n, drawing, only=numbers, around=around, spread=apart)
    if drawing.label is not None:
        say_class(label, opened.data.class_names[int(drawing.label)])
    write_samples(with_bar(parts, count), out, form, columns=columns, scale=scale)
    click.echo(f"{counted(count, 'sample')}: {out}")


def _check_scale(opened: TrainedRun, scale: int, form: str) -> None:
    from ganzoo.data.kinds import sample_kind
    from ganzoo.library.writing import NPZ

    if scale == 1:
        return
    if opened.data.kind != "image":
        words = sample_kind(opened.data).words
        raise GanzooError(f"--scale is for images, and this run makes {words}: leave it out")
    if form == NPZ:
        raise GanzooError("--scale is for pictures, and .npz holds arrays: leave it out")
