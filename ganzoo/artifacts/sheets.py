"""Pictures of what is no picture by itself: lines of text, curves, points in space."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ganzoo.artifacts.figures import usual_figures

SIDE = 900
"""Pixels that a sheet of text is wide and high: always the same, so that sheets can be a film."""
LETTERS = 110
"""Of a line that is shown."""


def draw_text(lines: Sequence[str], path: Path) -> None:
    """Write the first lines, black on white, as many as a sheet holds."""
    font = ImageFont.load_default(14)
    sheet = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines[: SIDE // 20 - 1]):
        pen.text((10, 10 + 20 * number), line[:LETTERS], fill=0, font=font)
    sheet.save(path)


@usual_figures()
def draw_curves(series: Tensor, path: Path) -> None:
    """Each series (n, moments, channels) in a panel of its own, a curve a channel."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), dpi=100, layout="tight")
    for number, one in enumerate(series):
        axes = figure.add_subplot(-(-len(series) // 4), 4, number + 1, ylim=(-1.1, 1.1))
        axes.plot(one.numpy(), linewidth=1)
        axes.tick_params(labelsize=6)
    figure.savefig(path)


@usual_figures()
def draw_points(points: Tensor, path: Path, modes: Tensor | None) -> None:
    """Points in the plane as dots, with circles around `modes`; in space, seen along each axis.

    Of more than three dimensions the first three are shown, of one its histogram.
    """
    from matplotlib.figure import Figure

    dimensions = points.shape[1]
    pairs = [(0, 1), (0, 2), (1, 2)] if dimensions > 2 else [(0, 1)]
    figure = Figure(figsize=(4 * len(pairs), 4), dpi=100, layout="tight")
    if dimensions == 1:
        axes = figure.add_subplot(xlim=(-1.1, 1.1))
        axes.hist(points[:, 0].numpy(), bins=50, range=(-1.1, 1.1))
        figure.savefig(path)
        return
    for number, (first, second) in enumerate(pairs):
        axes = figure.add_subplot(
            1, len(pairs), number + 1, xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal"
        )
        if modes is not None:
            axes.scatter(
                modes[:, first].numpy(),
                modes[:, second].numpy(),
                s=160,
                facecolors="none",
                edgecolors="tab:orange",
            )
        x, y = points[:, first].numpy(), points[:, second].numpy()
        axes.scatter(x, y, s=4, alpha=0.3, linewidths=0)
    figure.savefig(path)
