"""``ganzoo restore``: what is missing from images, filled in by a trained run."""

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
    "restore",
    epilog="Example: ganzoo restore runs/00001-context-encoder-photos torn.png --mask tear.png "
    "--out whole",
)
@click.argument("run", metavar="RUN", type=RUN)
@images_argument
@click.option(
    "--mask",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    help="an image of the same size in which what is missing is white, for each IMAGE; or a folder "
    "with one of the name of each",
)
@out_option
@click.option(
    "--steps",
    metavar="INT",
    type=click.IntRange(0),
    help="of the search, of a run that draws samples  [default: 300]",
)
@click.option(
    "--seed",
    metavar="INT",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="of the samples at which the search begins",
)
@tile_option
@pixels_option("image files")
@checkpoint_option
@device_option("where to restore")
def command(
    run: Path,
    images: tuple[Path, ...],
    mask: Path,
    out: Path,
    steps: int | None,
    seed: int,
    tile: int | None,
    pixels: str | None,
    checkpoint: str,
    device: str,
) -> int:
    """Fill in what is missing from each IMAGE, or each image in a folder, by a checkpoint of RUN.

    What a mask says is there stays as it is, to the last bit. A run that draws samples looks for
    the one that is most like what is known, and takes the rest from it, without a seam. Images keep
    their size where the networks of RUN take any; others are scaled to cover the size of the run's
    images, and cropped, which is said. They are read as those of the training were, unless --pixels
    says more. A file that cannot be read, or has no mask, is named and left out, and the exit
    status then is 1.
    """
    from ganzoo.library.images import find_all
    from ganzoo.library.making.masks import Masks
    from ganzoo.library.making.tiles import TILE
    from ganzoo.library.trained import open_run

    folder, files = find_all(images, warn, "IMAGE")
    opened = open_run(run, checkpoint, device)
    maker = opened.restoring(
        *(Masks(mask), TILE if tile is None else tile),
        pixels=pixels,
        steps=steps,
        seed=seed,
        report=warn,
    )
    return write_made(maker, folder, files, "restoring", out)
