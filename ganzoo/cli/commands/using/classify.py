"""``ganzoo classify``: which class a trained run takes images for."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from ganzoo.cli.flags import RUN
from ganzoo.cli.images import status_of, warn
from ganzoo.cli.output import (
    checkpoint_option,
    device_option,
    json_option,
    pixels_option,
    print_json,
    print_rows,
)


@click.command("classify", epilog="Example: ganzoo classify runs/00001-sgan-glyphs drawing.png")
@click.argument("run", metavar="RUN", type=RUN)
@click.argument(
    "images", metavar="IMAGE...", type=click.Path(path_type=Path), nargs=-1, required=True
)
@pixels_option("the files")
@checkpoint_option
@device_option("where to classify")
@json_option
def command(
    run: Path,
    images: tuple[Path, ...],
    pixels: str | None,
    checkpoint: str,
    device: str,
    as_json: bool,
) -> int:
    """Say which class each IMAGE is of, or each image in a folder, by a checkpoint of RUN.

    They may be of any size: each is scaled to cover the size of the run's images, and cropped.
    Colours stay as they are: a run that learned white digits on black takes no black on white.
    Files are read as those of the training were, unless --pixels says more. One that cannot be read
    is named and left out, and the exit status then is 1.
    """
    from ganzoo.library.images import find_images
    from ganzoo.library.trained import open_run

    found = [
        (path.parent, [path.name]) if not path.is_dir() else find_images(path, warn, "IMAGE")
        for path in images
    ]
    files = [folder / name for folder, names in found for name in names]
    rows = open_run(run, checkpoint, device).classify(files, pixels=pixels, report=warn)
    if as_json:
        print_json(rows)
    else:
        shown = [row | {"probability": f"{row['probability']:.3f}"} for row in rows]
        print_rows(shown, ("file", "class", "probability"))
    return status_of(len(rows), len(files))
