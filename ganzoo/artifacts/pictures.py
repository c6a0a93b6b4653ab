"""What a person looks at: sample grids, their evolution, loss curves."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ganzoo.artifacts.deep_png import write_deep_png
from ganzoo.artifacts.figures import usual_figures
from ganzoo.artifacts.files import replacing
from ganzoo.artifacts.gallery import COLUMNS
from ganzoo.artifacts.pixels import OFFSET

FRAME_MS, LAST_FRAME_MS = 200, 3000
HUGE = 1e30
"""No curve goes so far: the axes of no program do, without an error."""


def to_pil(image: Tensor) -> Image.Image:
    """A picture of one uint8 image (channels, height, width) with 1 or 3 channels."""
    array = image.permute(1, 2, 0).contiguous().numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def write_png(image: Tensor, path: Path) -> None:
    """Write one image (channels, height, width), uint8 or int16 as `to_words` makes it."""
    if image.dtype == torch.uint8:
        to_pil(image).save(path)
        return
    words = image.permute(1, 2, 0).numpy().astype(np.int32) + OFFSET
    write_deep_png(words.astype(np.uint16), path)


def visible(images: Tensor) -> Tensor:
    """Images (n, channels, height, width) as a picture can show them: uint8, or in [-1, 1].

    A fourth channel is opacity, and what can be seen through is white. Of any other number than
    1, 3 and 4 all channels lie beside each other, in gray.
    """
    if images.shape[1] in (1, 3):
        return images
    if images.shape[1] == 4:
        low, white = (-1, 1) if images.is_floating_point() else (0, 255)
        colours, opacity = images[:, :3].float(), images[:, 3:].float()
        seen: Tensor = white + (opacity - low) / (white - low) * (colours - white)
        return seen if images.is_floating_point() else seen.round().to(images.dtype)
    return images.transpose(1, 2).flatten(2).unsqueeze(1)  # height, then channel and width


def grid(images: Tensor, columns: int = COLUMNS, gap: int = 2) -> Tensor:
    """uint8 images (n, c, h, w) side by side as one (c, rows * h, columns * w), with black gaps."""
    n, c, h, w = images.shape
    rows = -(-n // columns)
    cells = images.new_zeros(rows * columns, c, h + gap, w + gap)
    cells[:n, :, :h, :w] = images
    cells = cells.view(rows, columns, c, h + gap, w + gap).permute(2, 0, 3, 1, 4)
    return cells.reshape(c, rows * (h + gap), columns * (w + gap))[:, :-gap, :-gap]


def add_caption(path: Path, caption: str) -> None:
    """Write a text below the picture in a file, as wide as it is; nothing, of an empty text."""
    if caption:
        with Image.open(path, formats=["PNG"]) as picture:
            whole = with_caption(picture, caption)
        whole.save(path)


def with_caption(picture: Image.Image, caption: str) -> Image.Image:
    """A picture with a text below it, as wide as it is."""
    measure = ImageDraw.Draw(picture)
    lines: list[str] = []
    for word in caption.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure.textlength(longer) <= picture.width:
            lines[-1] = longer
        else:
            lines.append(word)
    text = "\n".join(lines)
    height = picture.height + round(measure.multiline_textbbox((0, 0), text)[3]) + 4
    whole = Image.new(picture.mode, (picture.width, height))
    whole.paste(picture)
    white = 255 if picture.mode == "L" else (255, 255, 255)
    ImageDraw.Draw(whole).multiline_text((0, picture.height + 1), text, fill=white)
    return whole


_VAST = 2**26
"""Pixels that no grid of samples has."""


def animate(frames: Sequence[Path], path: Path) -> None:
    """Write pictures as a GIF that dwells on the last; those that are damaged are left out.

    So are those of another size than the last. Of none nothing is written.
    """
    readable = [picture for frame in frames if (picture := _opened(frame))]
    pictures = [picture for picture in readable if picture.size == readable[-1].size]
    if not pictures:
        return
    durations = [FRAME_MS] * (len(pictures) - 1) + [LAST_FRAME_MS]
    with replacing(path) as temporary:
        pictures[0].save(
            temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0
        )


def _opened(frame: Path) -> Image.Image | None:
    """A picture with a palette; None: it is none, or a stranger's that fills the memory."""
    try:
        with Image.open(frame, formats=["PNG"]) as picture:
            return picture.convert("P") if picture.width * picture.height <= _VAST else None
    except Exception:  # whatever a decoder makes of a damaged file
        return None


def panels_of(records: Sequence[Mapping[str, float]]) -> list[list[str]]:
    """Which values of the records share a scale, by name.

    The losses do, then the others; the qualities (whose names have a slash) are alone, and last.
    """
    names = sorted({name for record in records for name in record} - {"step"})
    qualities = [[name] for name in names if "/" in name]
    losses = [name for name in names if name.endswith("_loss")]
    others = [name for name in names if name not in losses and "/" not in name]
    return [panel for panel in (losses, others, *qualities) if panel]


def curve_label(name: str) -> str:
    """What a curve is called: of ``"quality/frechet"``, ``"frechet"``."""
    return name.rpartition("/")[2].replace("_", " ")


@usual_figures()
def plot_curves(records: Sequence[dict[str, float]], path: Path) -> None:
    """Plot each metric of the records over the step, a panel of `panels_of` below the other.

    Of no records nothing is written.
    """
    from matplotlib.figure import Figure

    panels = panels_of(records)
    if not panels:
        return
    figure = Figure(figsize=(8, 3 * len(panels)), dpi=100, layout="tight")
    for index, panel in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, index + 1, xlabel="step")
        for name in panel:
            points = [(record["step"], record[name]) for record in records if name in record]
            drawn = [(step, value if abs(value) < HUGE else math.nan) for step, value in points]
            marker = "." if "/" in name else ""
            label = curve_label(name).encode(errors="replace").decode()
            if any(HUGE <= abs(value) < math.inf for _, value in points):
                label += f" (left out from {HUGE:g} on)"
            axes.plot(*zip(*drawn, strict=True), label=label, linewidth=1, marker=marker)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary)
