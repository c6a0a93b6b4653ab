"""``ganzoo walk``: a film that leads from sample to sample."""

from __future__ import annotations

import re
from pathlib import Path

import rich_click as click

from ganzoo.cli.flags import RUN
from ganzoo.cli.output import checkpoint_option, device_option
from ganzoo.cli.sampling import (
    DrawingCommand,
    check_seed,
    label_option,
    say_class,
    scale_option,
    seed_option,
    truncation_option,
    typed,
)
from ganzoo.errors import counted
from ganzoo.library import FRAMES


@click.command(
    "walk",
    cls=DrawingCommand,
    epilog="Example: ganzoo walk runs/00001-dcgan-glyphs --between 17,42,3 --loop --out walk.gif",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option(
    "--between",
    metavar="SAMPLE,...",
    required=True,
    help="numbers of samples as `ganzoo sample` draws them, or folders that `ganzoo project` wrote",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    required=True,
    help="a name ending in .gif, .webp or .mp4",
)
@click.option(
    "--frames",
    metavar="INT",
    type=click.IntRange(2),
    default=FRAMES,
    show_default=True,
    help="pictures, 25 a second",
)
@click.option("--loop", is_flag=True, help="lead back to the first sample, and begin again")
@checkpoint_option
@label_option("name or number of the class of all frames  [default: that of the first sample]")
@seed_option
@truncation_option
@scale_option
@device_option("where to draw")
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    run: Path,
    between: str,
    out: Path,
    frames: int,
    loop: bool,
    checkpoint: str,
    label: str | None,
    seed: int,
    truncation: float,
    scale: int,
    device: str,
    **sampling: object,
) -> None:
    """Make a film of the way from sample to sample through the latents of RUN.

    Around the origin, as the prior is normal, or straight, where it is uniform: all that is passed
    is as likely as what is drawn.
    """
    check_seed(seed)

    from ganzoo.library.trained import open_run
    from ganzoo.library.writing import check_film_out

    check_film_out(out)
    words = [word.strip() for word in between.split(",") if word.strip()]
    stops = [int(word) if re.fullmatch("[0-9]{1,9}", word) else word for word in words]
    opened = open_run(run, checkpoint, device)
    settings = typed(ctx, sampling)
    film = opened.walk(
        stops, frames, loop=loop, label=label, seed=seed, truncation=truncation, **settings
    )
    film.save(out, scale=scale)
    if film.samples.classes:
        say_class(label, film.samples.classes[0])
    if label is None and film.samples.classes:
        click.echo(f"all frames are of the class {film.samples.classes[0]}, see --label")
    click.echo(f"{counted(len(film), 'frame')}: {out}")
