"""``ganzoo project``: the latent of an image."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from ganzoo.cli.flags import RUN
from ganzoo.cli.images import unused
from ganzoo.cli.output import checkpoint_option, device_option, pixels_option, status_line
from ganzoo.cli.sampling import check_seed, label_option, seed_option
from ganzoo.library import STEPS


@click.command(
    "project", epilog="Example: ganzoo project runs/00001-dcgan-glyphs seven.png --out seven"
)
@click.argument("run", metavar="RUN", type=RUN)
@click.argument("image", metavar="IMAGE", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    required=True,
    callback=unused,
    help="a folder for what was given, what was found, and its latent",
)
@click.option(
    "--steps",
    metavar="INT",
    type=click.IntRange(0),
    default=STEPS,
    show_default=True,
    help="of the search",
)
@pixels_option("image files")
@checkpoint_option
@label_option("name or number of the class to look in, where it has classes  [default: all]")
@seed_option
@device_option("where to look")
def command(
    run: Path,
    image: Path,
    out: Path,
    steps: int,
    pixels: str | None,
    checkpoint: str,
    label: str | None,
    seed: int,
    device: str,
) -> None:
    """Find the latent of which RUN makes what is most like IMAGE.

    It begins at the nearest of 250 samples and follows the gradient of the squared difference. Of a
    run that makes no images, IMAGE is what `ganzoo sample` wrote of one sample. `ganzoo walk`
    takes the folder for a sample.
    """
    check_seed(seed)

    from ganzoo.library.trained import open_run

    opened = open_run(run, checkpoint, device)
    with status_line() as report:
        report(f"looking for {image}")
        found = opened.project(image, label=label, seed=seed, steps=steps, pixels=pixels)
    found.save(out)
    where = f", in the class {found.found.classes[0]}" if found.found.classes else ""
    click.echo(
        f"the distance was {found.before:.4g} to the nearest of 250 samples, and is "
        f"{found.after:.4g}{where}: {out}"
    )
