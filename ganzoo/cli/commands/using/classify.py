"""``ganzoo classify``: which class a trained run takes images for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from ganzoo.cli.images import reading, status_of, warn
from ganzoo.cli.output import device_option, json_option, pixels_option, print_json, print_rows
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import torch
    from torch import Tensor

    from ganzoo.data.files.seen import Seen
    from ganzoo.data.files.wanted import Pixels
    from ganzoo.runs.run import Run
    from ganzoo.variant import Variant

CHUNK = 250
"""Images classified at once."""


@click.command("classify", epilog="Example: ganzoo classify runs/00001-sgan-glyphs drawing.png")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument(
    "images", metavar="IMAGE...", type=click.Path(path_type=Path), nargs=-1, required=True
)
@pixels_option("the files")
@device_option("where to classify")
@json_option
def command(
    run: Path, images: tuple[Path, ...], pixels: str | None, device: str, as_json: bool
) -> int:
    """Say which class each IMAGE is of, by the newest checkpoint of RUN.

    They may be of any size: each is scaled to cover the size of the run's images, and cropped.
    Colours stay as they are: a run that learned white digits on black takes no black on white.
    Files are read as those of the training were, unless --pixels says more. One that cannot be read
    is named and left out, and the exit status then is 1.
    """
    from ganzoo.engine.device import pick_device
    from ganzoo.runs.run import Run

    opened = Run.open(run)
    rows = classified(opened, images, pick_device(device), pixels)
    if as_json:
        print_json(rows)
    else:
        shown = [row | {"probability": f"{row['probability']:.3f}"} for row in rows]
        print_rows(shown, ("file", "class", "probability"))
    return status_of(len(rows), len(images))


def classified(
    run: Run, files: tuple[Path, ...], device: torch.device, pixels: str | None = None
) -> list[dict[str, Any]]:
    """For each file its name, its most probable class, as label and name, and that probability.

    A file that cannot be read is named on stderr and left out.

    Raises:
        GanzooError: the run's variant does not classify, or no file can be read.
    """
    import torch

    from ganzoo.abilities import Classifier
    from ganzoo.data.files.opened import limited
    from ganzoo.data.files.seen import nothing_seen, report_seen
    from ganzoo.runs.load import load_variant

    variant = load_variant(run, device)
    if not isinstance(variant, Classifier):
        name = run.settings["variant"]["name"]
        raise GanzooError(
            f"{run.path} was trained by '{name}', which does not classify: choose a run "
            "of a variant that learns classes (see `ganzoo list`)"
        )
    names, seen = variant.data.class_names, nothing_seen()
    wanted = reading(run.path, pixels, variant.data.shape[0])
    rows: list[dict[str, Any]] = []
    refused: dict[Path, str] = {}
    with torch.no_grad(), limited(wanted):
        for start in range(0, len(files), CHUNK):
            chunk, problems = _read(files[start : start + CHUNK], variant, wanted, seen)
            refused |= problems
            if not chunk:
                continue
            probabilities = variant.classify(_batch([*chunk.values()], variant)).cpu()
            for place, row in zip(chunk, probabilities, strict=True):
                label = int(row.argmax())
                rows.append(
                    {
                        "file": str(files[start + place]),
                        "label": label,
                        "class": str(names[label]),
                        "probability": float(row[label]),
                    }
                )
    if not rows:
        file, problem = next(iter(refused.items()))
        raise GanzooError(f"'{file}' cannot be classified: {problem}")
    for file, problem in refused.items():
        warn(f"skipped '{file}': {problem}")
    report_seen("to classify", seen, wanted, warn)
    return rows


def _read(
    files: tuple[Path, ...], variant: Variant, wanted: Pixels, seen: Seen
) -> tuple[dict[int, np.ndarray], dict[Path, str]]:
    """Images uint8 (channels, height, width) by their place, and why others cannot be read."""
    from ganzoo.data.files.opened import look
    from ganzoo.data.files.seen import see

    channels, height, width = variant.data.shape
    images: dict[int, np.ndarray] = {}
    refused: dict[Path, str] = {}
    for place, file in enumerate(files):
        image = look(file, channels, (height, width), wanted=wanted)
        if isinstance(image, str):
            refused[file] = image
        else:
            see(seen, image)
            images[place] = image.pixels
    return images, refused


def _batch(images: Sequence[np.ndarray], variant: Variant) -> Tensor:
    """Images (n, channels, height, width) in [-1, 1], on the variant's device."""
    import numpy as np
    import torch

    from ganzoo.artifacts.pixels import to_floats

    return to_floats(torch.from_numpy(np.stack(images)).to(variant.device))
