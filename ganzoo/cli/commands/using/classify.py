"""``ganzoo classify``: which class a trained run takes images for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from ganzoo.cli.output import device_option, json_option, print_json, print_rows
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ganzoo.runs.run import Run
    from ganzoo.variant import Variant

CHUNK = 250
"""Images classified at once."""


@click.command("classify", epilog="Example: ganzoo classify runs/00001-sgan-glyphs drawing.png")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument(
    "images", metavar="IMAGE...", type=click.Path(path_type=Path), nargs=-1, required=True
)
@device_option("where to classify")
@json_option
def command(run: Path, images: tuple[Path, ...], device: str, as_json: bool) -> None:
    """Say which class each IMAGE is of, by the newest checkpoint of RUN.

    They may be of any size: each is scaled to cover the size of the run's images, and cropped.
    Colours stay as they are: a run that learned white digits on black takes no black on white.
    """
    from ganzoo.engine.device import pick_device
    from ganzoo.runs.run import Run

    opened = Run.open(run)
    rows = classified(opened, images, pick_device(device))
    if as_json:
        print_json(rows)
    else:
        shown = [row | {"probability": f"{row['probability']:.3f}"} for row in rows]
        print_rows(shown, ("file", "class", "probability"))


def classified(run: Run, files: tuple[Path, ...], device: torch.device) -> list[dict[str, Any]]:
    """For each file its name, its most probable class, as label and name, and that probability.

    Raises:
        GanzooError: the run's variant does not classify, or a file cannot be read.
    """
    import torch

    from ganzoo.abilities import Classifier
    from ganzoo.runs.load import load_variant

    variant = load_variant(run, device)
    if not isinstance(variant, Classifier):
        name = run.settings["variant"]["name"]
        raise GanzooError(
            f"{run.path} was trained by '{name}', which does not classify: choose a run "
            "of a variant that learns classes (see `ganzoo list`)"
        )
    names = variant.data.class_names
    rows = []
    with torch.no_grad():
        for start in range(0, len(files), CHUNK):
            chunk = files[start : start + CHUNK]
            probabilities = variant.classify(_read(chunk, variant)).cpu()
            for file, row in zip(chunk, probabilities, strict=True):
                label = int(row.argmax())
                rows.append(
                    {
                        "file": str(file),
                        "label": label,
                        "class": str(names[label]),
                        "probability": float(row[label]),
                    }
                )
    return rows


def _read(files: tuple[Path, ...], variant: Variant) -> Tensor:
    """Images (n, channels, height, width) in [-1, 1], on the variant's device."""
    import numpy as np
    import torch

    from ganzoo.artifacts.pixels import to_floats
    from ganzoo.data.sources.decoding import read_image

    channels, height, width = variant.data.shape
    images = []
    for file in files:
        image = read_image(file, channels, (height, width))
        if isinstance(image, str):
            raise GanzooError(f"'{file}' cannot be classified: {image}")
        images.append(image)
    read = torch.from_numpy(np.stack(images))
    return to_floats(read.to(variant.device))
