"""``ganzoo translate``: images of one domain as a trained run sees them in the other."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from ganzoo.cli.flags import RUN
from ganzoo.cli.images import controls_option, out_option, parsed, warn, write_made
from ganzoo.cli.output import (
    checkpoint_option,
    device_option,
    pixels_option,
    tile_option,
)
from ganzoo.errors import GanzooError


@click.command(
    "translate",
    epilog="Example: ganzoo translate runs/00001-cyclegan-glyphs+ink --direction a2b "
    "--input drawings --out inked",
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option("--direction", metavar="NAME", help="such as a2b  [default: the only one]")
@click.option(
    "--input",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    help="a folder, of which every image at any depth is translated, or one image",
)
@out_option
@controls_option("")
@click.option(
    "--seed",
    metavar="INT",
    type=click.IntRange(0, 2**32 - 1),
    help="of a variant that translates an image in many ways  [default: 0]",
)
@click.option(
    "--own-size",
    is_flag=True,
    help="leave each image at its size and shape, and its 16 bits, where the variant's networks "
    "take any size",
)
@tile_option
@pixels_option("image files of --input")
@checkpoint_option
@device_option("where to translate")
def command(
    run: Path,
    direction: str | None,
    source: Path,
    out: Path,
    controls: tuple[str, ...],
    seed: int | None,
    own_size: bool,
    tile: int | None,
    pixels: str | None,
    checkpoint: str,
    device: str,
) -> int:
    """Translate images by a checkpoint of RUN.

    They may be of any size: each is scaled to cover the size of the run's images, and cropped,
    which is said, unless --own-size leaves it as it is. They are read as those of the training
    were, unless --pixels says more. A file that cannot be read is named and left out, and the exit
    status then is 1.
    """
    from ganzoo.library.images import find_images
    from ganzoo.library.making.tiles import TILE
    from ganzoo.library.trained import open_run

    if tile is not None and not own_size:
        raise GanzooError("--tile is of images that are left at their size: add --own-size")
    folder, files = find_images(source, warn)
    opened = open_run(run, checkpoint, device)
    _, maker = opened.translating(
        *(direction, seed, parsed(controls)),
        pixels=pixels,
        own_size=own_size,
        tile=TILE if tile is None else tile,
    )
    return write_made(maker, folder, files, "translating", out)
