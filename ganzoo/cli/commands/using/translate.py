"""``ganzoo translate``: images of one domain as a trained run sees them in the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    write_pngs,
)
from ganzoo.cli.output import counted, device_option, pixels_option
from ganzoo.errors import GanzooError, unknown

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.abilities import Direction, Translator


@click.command(
    "translate",
    epilog="Example: ganzoo translate runs/00001-cyclegan-glyphs+ink --direction a2b "
    "--input drawings --out inked",
)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--direction", metavar="NAME", help="such as a2b  [default: the only one]")
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
@click.option(
    "--set",
    "controls",
    metavar="NAME=VALUE",
    multiple=True,
    help="what the translation should be like, where the variant can be told; may be repeated",
)
@click.option(
    "--seed",
    metavar="INT",
    type=click.IntRange(0, 2**32 - 1),
    help="of a variant that translates an image in many ways  [default: 0]",
)
@click.option(
    "--own-size",
    is_flag=True,
    help="leave each image at its size and shape, where the variant's networks take any",
)
@pixels_option("image files of --input")
@device_option("where to translate")
def command(
    run: Path,
    direction: str | None,
    source: Path,
    out: Path,
    controls: tuple[str, ...],
    seed: int | None,
    own_size: bool,
    pixels: str | None,
    device: str,
) -> int:
    """Translate images by the newest checkpoint of RUN.

    They may be of any size: each is scaled to cover the size of the run's images, and cropped,
    which is said, unless --own-size leaves it as it is. They are read as those of the training
    were, unless --pixels says more. A file that cannot be read is named and left out, and the exit
    status then is 1.
    """
    if out.exists():
        raise GanzooError(f"{out} exists already: choose another --out")
    folder, files = find_images(source)

    from ganzoo.abilities import Translator
    from ganzoo.engine.device import pick_device

    variant = load_able(run, pick_device(device), "translator", "translate")
    assert isinstance(variant, Translator)
    way = chosen_direction(variant, direction)
    asked = parse_controls(variant, controls)
    if seed is not None and not variant.stochastic:
        raise GanzooError(
            f"{run} translates an image in one way only, to which --seed is nothing: leave it out"
        )
    if own_size and not variant.multiple:
        raise GanzooError(
            f"{run} translates images of the size of its training only: leave out --own-size"
        )
    image_shape(variant, way.target)
    shape = image_shape(variant, way.source)
    wanted = reading(run, pixels, shape[0])
    function = translate_bytes(variant, way.name, asked)
    if own_size:
        function = at_own_size(function, variant.multiple, shape)
    made = make_of_images(folder, files, shape, function, "translating", wanted, own_size)
    count = write_pngs(_seeded(made, seed or 0, variant), out)
    click.echo(f"{counted(count, 'image')}: {out}")
    return status_of(count, len(files))


def chosen_direction(variant: Translator, name: str | None) -> Direction:
    """The direction of that name, or the only one.

    Raises:
        GanzooError: there is none of that name, or several and none is named.
    """
    from ganzoo.abilities import direction_of

    if name is not None:
        return direction_of(variant, name)
    if len(variant.directions) == 1:
        return variant.directions[0]
    names = " or ".join(direction.name for direction in variant.directions)
    raise GanzooError(f"this run translates in several directions: choose --direction {names}")


def parse_controls(variant: Translator, texts: Iterable[str]) -> dict[str, str | float]:
    """What each ``--set NAME=VALUE`` asks of a variant.

    Raises:
        GanzooError: it is of another form, or the variant has no such control or value.
    """
    known, asked = variant.controls(), dict[str, str | float]()
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise GanzooError(f"--set takes NAME=VALUE, and '{text}' has no '='")
        if not known:
            raise GanzooError(f"nothing can be asked of this run: leave out --set {text}")
        if name not in known:
            raise unknown("control", name, known)
        if name in asked:
            raise GanzooError(f"--set says twice what {name} is: say it once")
        asked[name] = known[name].parse(name, value)
    return asked


def translate_bytes(
    variant: Translator, direction: str, asked: dict[str, str | float]
) -> Callable[[Tensor], Tensor]:
    """How a variant translates uint8 images (n, channels, height, width)."""
    import torch

    from ganzoo.artifacts.pixels import to_bytes, to_floats
    from ganzoo.variant import Variant

    assert isinstance(variant, Variant)
    function: Callable[..., Tensor] = variant.translate

    @torch.no_grad()
    def translate(images: Tensor) -> Tensor:
        return to_bytes(function(to_floats(images.to(variant.device)), direction, **asked)).cpu()

    return translate


def at_own_size(
    function: Callable[[Tensor], Tensor], multiple: int, shape: tuple[int, int, int]
) -> Callable[[Tensor], Tensor]:
    """The same for images of any size, which are enlarged by their last pixels meanwhile.

    Args:
        function: of images whose sides are multiples of so many pixels.
        multiple: so many.
        shape: (channels, height, width) of those of the training; none is given smaller ones.
    """
    from torch.nn.functional import pad

    def translate(images: Tensor) -> Tensor:
        sides = images.shape[2:]
        wanted = [
            -(-max(side, least) // multiple) * multiple
            for side, least in zip(sides, shape[1:], strict=True)
        ]
        below, right = (more - side for more, side in zip(wanted, sides, strict=True))
        made = function(pad(images.float(), (0, right, 0, below), "replicate").to(images.dtype))
        if [*made.shape[2:]] != wanted:
            raise GanzooError(
                "this run's networks make images of another size of those that they are given: "
                "leave out --own-size"
            )
        return made[:, :, : sides[0], : sides[1]]

    return translate


def _seeded(
    made: Iterator[tuple[str, Tensor]], seed: int, variant: object
) -> Iterator[tuple[str, Tensor]]:
    from ganzoo.engine.device import seeded
    from ganzoo.variant import Variant

    assert isinstance(variant, Variant)
    with seeded(seed, variant.device):
        yield from made
