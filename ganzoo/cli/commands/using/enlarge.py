"""``ganzoo enlarge``: larger images of small ones, by a trained run."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from ganzoo.cli.flags import RUN
from ganzoo.cli.images import images_argument, out_option, warn, write_made
from ganzoo.cli.output import (
    checkpoint_option,
    device_option,
    pixels_option,
    tile_option,
)


@click.command(
    "enlarge", epilog="Example: ganzoo enlarge runs/00001-esrgan-photos small.png --out large"
)
@click.argument("run", metavar="RUN", type=RUN)
@images_argument
@out_option
@click.option(
    "--interpolate",
    metavar="RUN:SHARE",
    help="take networks between those of the run and those of another, which count so much: less "
    "detail, and less of it invented, where that was trained by pixels alone",
)
@tile_option
@pixels_option("image files")
@checkpoint_option
@device_option("where to enlarge")
def command(
    run: Path,
    images: tuple[Path, ...],
    out: Path,
    interpolate: str | None,
    tile: int | None,
    pixels: str | None,
    checkpoint: str,
    device: str,
) -> int:
    """Make each IMAGE larger, or each image in a folder, by a checkpoint of RUN.

    They may be of any size, and keep 16 bits where they have them: nothing is scaled or cropped
    before. They are read as those of the training were, unless --pixels says more. A file that
    cannot be read is named and left out, and the exit status then is 1.
    """
    from ganzoo.library.images import find_all
    from ganzoo.library.making.tiles import TILE
    from ganzoo.library.trained import open_run

    folder, files = find_all(images, warn, "IMAGE")
    opened = open_run(run, checkpoint, device)
    maker = opened.enlarging(TILE if tile is None else tile, pixels=pixels, interpolate=interpolate)
    return write_made(maker, folder, files, "enlarging", out)
