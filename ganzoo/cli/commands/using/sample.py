"""``ganzoo sample``: samples of a trained run as images or as one array."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from click.core import ParameterSource

from ganzoo.artifacts.files import whole_folder
from ganzoo.cli.flags import make_flag
from ganzoo.cli.output import device_option
from ganzoo.config import build, options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import preferring, registry

if TYPE_CHECKING:
    from ganzoo.runs.generate import Drawn
    from ganzoo.variant import Variant

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".npy"})
"""Of a name that somebody takes for one of a single picture or array."""


class SampleCommand(click.RichCommand):
    """A command with the flags of the variant whose run its arguments name."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The common flags, then those of the variant, once it is known."""
        params = super().get_params(ctx)
        return [*params[:-1], *ctx.meta.get("flags", []), params[-1]]  # the last is --help

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find out whose run is meant, then parse with the variant's flags."""
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        seen, _, _ = parser.parse_args([*args])
        if isinstance(seen.get("run"), str):
            ctx.meta["flags"] = _sampling_flags(Path(seen["run"]))
        return super().parse_args(ctx, args)


def _sampling_flags(path: Path) -> list[click.Option]:
    """The flags of how the variant of the run at `path` draws samples."""
    from ganzoo.runs.run import Run

    run = Run.open(path)
    with preferring(run.plugins):
        cls: type[Variant] = registry().variant(run.variant).load()
    if cls.Sampling is None:
        return []
    return [make_flag(option, cls.__name__) for option in options(cls.Sampling).values()]


@click.command(
    "sample",
    cls=SampleCommand,
    epilog="Example: ganzoo sample runs/00001-dcgan-glyphs --n 64 --out digits",
)
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--n", metavar="INT", type=int, default=100, show_default=True, help="how many")
@click.option(
    "--out",
    metavar="PATH",
    type=click.Path(path_type=Path),
    required=True,
    help="a folder for PNG files, or a file whose name ends in .npz",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["png", "npz"]),
    help="png: a file an image; npz: `images` uint8 (n, height, width, channels) or `points` "
    "float32 (n, dimensions), and `labels` of a conditional variant  [default: as --out ends]",
)
@click.option("--label", metavar="INT", type=int, help="class of all samples, where it has classes")
@click.option(
    "--seed", metavar="INT", type=int, default=0, show_default=True, help="of the latents"
)
@device_option("where to draw")
@click.pass_context
def command(
    ctx: click.RichContext,
    /,
    run: Path,
    n: int,
    out: Path,
    kind: str | None,
    label: int | None,
    seed: int,
    device: str,
    **sampling: object,
) -> None:
    """Draw samples from the newest checkpoint of RUN."""
    if n < 1:
        raise GanzooError(f"--n must be at least 1, not {n}")
    if not 0 <= seed < 2**32:
        raise GanzooError(f"--seed must be at least 0 and at most {2**32 - 1}, not {seed}")
    kind = kind or ("npz" if out.suffix == ".npz" else "png")
    if kind == "png" and out.suffix.lower() in IMAGE_SUFFIXES:
        raise GanzooError(f"--out {out} must be a folder, for PNG files, or a name ending in .npz")
    if out.exists() and (not out.is_dir() or kind == "npz" or any(out.iterdir())):
        raise GanzooError(f"{out} exists already: choose another --out")

    from ganzoo.engine.device import pick_device
    from ganzoo.runs.generate import generate
    from ganzoo.runs.load import load_variant
    from ganzoo.runs.run import Run

    variant = load_variant(Run.open(run), pick_device(device))
    if variant.Sampling is not None:
        typed = {
            name: value
            for name, value in sampling.items()
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        }
        variant.sampling = build(variant.Sampling, typed)
    if kind == "png" and not variant.data.is_image:
        raise GanzooError(
            f"{run} makes points, not images: give --out a name that ends in .npz, or --format npz"
        )
    drawn = _with_progress(generate(variant, n, seed=seed, label=label), n)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        (write_npz if kind == "npz" else write_pngs)(drawn, out)
    except OSError as error:
        raise GanzooError(
            f"the samples cannot be written to {out} ({error.strerror}): choose another --out"
        ) from error
    click.echo(f"{n:,} samples: {out}")


def write_pngs(drawn: Iterable[Drawn], out: Path) -> None:
    """Write each image to ``out/00000.png`` and so on; `out` appears when all are there."""
    from ganzoo.artifacts.pictures import to_bytes, to_pil

    with whole_folder(out) as temporary:
        number = 0
        for samples, _ in drawn:
            for image in to_bytes(samples):
                to_pil(image).save(temporary / f"{number:05d}.png")
                number += 1


def write_npz(drawn: Iterable[Drawn], out: Path) -> None:
    """Write all samples as one ``.npz``, whole or not at all."""
    import numpy as np
    import torch

    from ganzoo.artifacts.files import replacing
    from ganzoo.artifacts.pictures import to_bytes

    parts, labels = [], []
    for samples, drawn_labels in drawn:
        parts.append(to_bytes(samples).permute(0, 2, 3, 1) if samples.dim() == 4 else samples)
        if drawn_labels is not None:
            labels.append(drawn_labels)
    whole = torch.cat(parts)
    arrays: dict[str, Any] = {"images" if whole.dim() == 4 else "points": whole.numpy()}
    if labels:
        arrays["labels"] = torch.cat(labels).numpy()
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def _with_progress(drawn: Iterator[Drawn], n: int) -> Iterator[Drawn]:
    """Show on stderr, where that is a terminal, how many are drawn."""
    from rich.console import Console
    from rich.progress import Progress

    hidden = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task("drawing samples", total=n)
        for chunk in drawn:
            yield chunk
            progress.advance(task, len(chunk.samples))
