"""``ganzoo reconstruct``: images as a trained run makes them again from their latents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from ganzoo.cli.images import (
    find_images,
    image_shape,
    load_able,
    make_of_images,
    reading,
    status_of,
    write_arrays,
    write_pngs,
)
from ganzoo.cli.output import counted, device_option, pixels_option
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from torch import Tensor


@click.command(
    "reconstruct", epilog="Example: ganzoo reconstruct runs/00001-bigan-glyphs --input d --out e"
)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
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
    help="a folder for PNG files with the names of the images; or a name that ends in .npz, for "
    "`latents` (n, ...) and the `files` that they are of",
)
@pixels_option("image files of --input")
@device_option("where to encode")
def command(run: Path, source: Path, out: Path, pixels: str | None, device: str) -> int:
    """Find the latents of images by the newest checkpoint of RUN, and what it makes of them.

    The images may be of any size: each is scaled to cover the size of the run's images, and
    cropped, which is said. They are read as those of the training were, unless --pixels says more.
    A file that cannot be read is named and left out, and the exit status then is 1.
    """
    if out.exists():
        raise GanzooError(f"{out} exists already: choose another --out")
    folder, files = find_images(source)

    import torch

    from ganzoo.abilities import Encoder
    from ganzoo.artifacts.pixels import to_bytes, to_floats
    from ganzoo.engine.device import pick_device

    variant = load_able(run, pick_device(device), "encoder", "encode")
    assert isinstance(variant, Encoder)
    encoder, where = variant, variant.device
    shape = image_shape(variant, variant.data.sample.name)
    wanted = reading(run, pixels, shape[0])

    @torch.no_grad()
    def encode(images: Tensor) -> Tensor:
        return encoder.encode(to_floats(images.to(where))).cpu()

    @torch.no_grad()
    def reconstruct(images: Tensor) -> Tensor:
        return to_bytes(encoder.reconstruct(to_floats(images.to(where)))).cpu()

    if out.suffix == ".npz":
        found = dict(make_of_images(folder, files, shape, encode, "encoding", wanted))
        latents, count = torch.stack([*found.values()]).numpy(), len(found)
        write_arrays({"latents": latents, "files": [*found]}, out)
        click.echo(f"the latents of {counted(count, 'image')}: {out}")
    else:
        made = make_of_images(folder, files, shape, reconstruct, "reconstructing", wanted)
        count = write_pngs(made, out)
        click.echo(f"{counted(count, 'image')}: {out}")
    return status_of(count, len(files))
