"""Which classes a classifier takes images for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo.abilities import Classifier
from ganzoo.artifacts.pixels import to_floats
from ganzoo.data.files.opened import limited, look
from ganzoo.data.files.seen import Seen, nothing_seen, report_seen, see
from ganzoo.data.files.wanted import Pixels
from ganzoo.errors import GanzooError
from ganzoo.library.images import image_shape
from ganzoo.variant import Variant

CHUNK = 250
"""Images classified at once."""


@torch.no_grad()
def classified(
    variant: Variant,
    files: Sequence[Path],
    wanted: Pixels,
    report: Callable[[str], None],
) -> list[dict[str, Any]]:
    """For each file its name, its most probable class, as label and name, and that probability.

    Args:
        variant: a `Classifier` in eval mode.
        files: of images.
        wanted: how they are read.
        report: is told of those that cannot be read, which are left out.

    Raises:
        GanzooError: no file can be read.
    """
    assert isinstance(variant, Classifier)
    names, seen = variant.data.class_names, nothing_seen()
    rows: list[dict[str, Any]] = []
    refused: dict[Path, str] = {}
    with limited(wanted):
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
        report(f"skipped '{file}': {problem}")
    report_seen("to classify", seen, wanted, report)
    return rows


def _read(
    files: Sequence[Path], variant: Variant, wanted: Pixels, seen: Seen
) -> tuple[dict[int, np.ndarray], dict[Path, str]]:
    """Images uint8 (channels, height, width) by their place, and why others cannot be read."""
    channels, height, width = image_shape(variant, variant.data.sample.name)
    images: dict[int, np.ndarray] = {}
    refused: dict[Path, str] = {}
    for place, file in enumerate(files):
        found = look(file, channels, (height, width), wanted=wanted)
        if isinstance(found, str):
            refused[file] = found
        else:
            see(seen, found)
            images[place] = found.pixels
    return images, refused


def _batch(images: Sequence[np.ndarray], variant: Variant) -> Tensor:
    """Images (n, channels, height, width) in [-1, 1], on the variant's device."""
    return to_floats(torch.from_numpy(np.stack(images)).to(variant.device))
