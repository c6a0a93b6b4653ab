"""``ganzoo translate``: images of one domain as a trained run sees them in the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import rich_click as click

from ganzoo.artifacts.files import whole_folder
from ganzoo.cli.output import device_option
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ganzoo.spec import DataSpec

CHUNK = 16
"""Images translated at once."""


@click.command(
    "translate",
    epilog="Example: ganzoo translate runs/00001-cyclegan-glyphs+ink --direction a2b "
    "--input drawings --out inked",
)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--direction", metavar="NAME", required=True, help="such as a2b or b2a")
@click.option(
    "--input",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    help="a folder, of which every image at any depth is translated, or one image",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    required=True,
    help="a folder for PNG files with the names of the images that they are made of",
)
@device_option("where to translate")
def command(run: Path, direction: str, source: Path, out: Path, device: str) -> None:
    """Translate images by the newest checkpoint of RUN.

    They may be of any size: each is scaled to cover the size of the run's images, and cropped.
    """
    if out.exists():
        raise GanzooError(f"{out} exists already: choose another --out")
    folder, files = find_images(source)

    from ganzoo.engine.device import pick_device

    data, translate = load_translator(run, direction, pick_device(device))
    translated = read_and_translate(folder, files, data, translate)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        count = write_pngs(translated, out)
    except OSError as error:
        raise GanzooError(
            f"the images cannot be written to {out} ({error.strerror}): choose another --out"
        ) from error
    click.echo(f"{count:,} images: {out}")


def find_images(source: Path) -> tuple[Path, list[str]]:
    """A folder, and the images below it, or the one that is meant, relative to it.

    Raises:
        GanzooError: there is none.
    """
    if not source.exists():
        raise GanzooError(f"there is no '{source}': --input must name an image or a folder of them")
    if not source.is_dir():
        return source.parent, [source.name]

    from ganzoo.data.sources.folder import list_images

    files = list_images(source, _warn)
    if not files:
        raise GanzooError(f"the folder '{source}' holds no images: choose another --input")
    return source, files


def load_translator(
    run: Path, direction: str, device: torch.device
) -> tuple[DataSpec, Callable[[Tensor], Tensor]]:
    """What a run was trained on, and how it translates uint8 images of that shape.

    Raises:
        GanzooError: there is no such run, or it does not translate, or not in that direction.
    """
    import torch

    from ganzoo.abilities import Translator, direction_of
    from ganzoo.artifacts.pixels import to_bytes, to_floats
    from ganzoo.runs.load import load_variant
    from ganzoo.runs.run import Run

    opened = Run.open(run)
    variant = load_variant(opened, device)
    if not isinstance(variant, Translator):
        name = opened.settings["variant"]["name"]
        raise GanzooError(
            f"{run} was trained by '{name}', which does not translate: choose a run of a variant "
            "that needs two sets of images (see `ganzoo list`)"
        )
    direction_of(variant, direction)

    @torch.no_grad()
    def translate(images: Tensor) -> Tensor:
        return to_bytes(variant.translate(to_floats(images.to(device)), direction)).cpu()

    return variant.data, translate


def read_and_translate(
    folder: Path, files: Sequence[str], data: DataSpec, translate: Callable[[Tensor], Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """Each file in a folder that can be read, by its name, with what it is translated to.

    Yields:
        A name in `files`, and an image, uint8 (channels, height, width).

    Raises:
        GanzooError: none can be read.
    """
    import numpy as np
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from ganzoo.data.sources.folder import read_image

    channels, height, width = data.shape
    skipped = 0
    hidden = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task("translating", total=len(files))
        for start in range(0, len(files), CHUNK):
            chunk = files[start : start + CHUNK]
            images = {file: read_image(folder / file, channels, (height, width)) for file in chunk}
            read = {name: image for name, image in images.items() if not isinstance(image, str)}
            for name in images.keys() - read.keys():
                _warn(f"skipped '{folder / name}': {images[name]}")
            skipped += len(images) - len(read)
            if read:
                stacked = torch.from_numpy(np.stack([*read.values()]))
                yield from zip(read, translate(stacked), strict=True)
            progress.advance(task, len(chunk))
    if skipped == len(files):
        raise GanzooError(f"none of the {skipped} files in '{folder}' can be read")


def write_pngs(images: Iterator[tuple[str, Tensor]], out: Path) -> int:
    """Write each image by its name, ending in ``.png``, into `out`, whole or not at all.

    Returns:
        How many there are.
    """
    from ganzoo.artifacts.pictures import to_pil

    taken: set[str] = set()
    with whole_folder(out) as temporary:
        for name, image in images:
            png = PurePosixPath(name).with_suffix(".png").as_posix()
            if png in taken:  # x.jpg beside x.png
                png = f"{name}.png"
            taken.add(png)
            path = temporary / png
            path.parent.mkdir(parents=True, exist_ok=True)
            to_pil(image).save(path)
    return len(taken)


def _warn(message: str) -> None:
    click.echo(message, err=True)
