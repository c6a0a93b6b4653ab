"""``ganzoo reconstruct``: images as a trained run makes them again from their latents."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from ganzoo.artifacts.waiting import bar
from ganzoo.cli.flags import RUN
from ganzoo.cli.images import status_of, unused, warn, write_made
from ganzoo.cli.output import checkpoint_option, device_option, pixels_option
from ganzoo.errors import counted


@click.command(
    "reconstruct", epilog="Example: ganzoo reconstruct runs/00001-bigan-glyphs --input d --out e"
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option(
    "--input",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    help="a folder, of which every image at any depth is taken, or one image",
)
@click.option(
    "--out",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    callback=unused,
    help="a folder for PNG files with the names of the images; or a name that ends in .npz, for "
    "`latents` (n, ...) and the `files` that they are of",
)
@pixels_option("image files of --input")
@checkpoint_option
@device_option("where to encode")
def command(
    run: Path, source: Path, out: Path, pixels: str | None, checkpoint: str, device: str
) -> int:
    """Find the latents of images by a checkpoint of RUN, and what it makes of them.

    The images may be of any size: each is scaled to cover the size of the run's images, and
    cropped, which is said. They are read as those of the training were, unless --pixels says more.
    A file that cannot be read is named and left out, and the exit status then is 1.
    """
    import torch

    from ganzoo.library.images import find_images, write_arrays
    from ganzoo.library.trained import open_run

    folder, files = find_images(source, warn)
    opened = open_run(run, checkpoint, device)
    if out.suffix == ".npz":
        maker = opened.encoding(pixels)
        with bar("encoding", len(files)) as advance:
            found = dict(maker.over(folder, files, warn, advance))
        latents, count = torch.stack([*found.values()]).numpy(), len(found)
        write_arrays({"latents": latents, "files": [*found]}, out)
        click.echo(f"the latents of {counted(count, 'image')}: {out}")
        return status_of(count, len(files))
    maker = opened.encoding(pixels, reconstruct=True)
    return write_made(maker, folder, files, "reconstructing", out)
