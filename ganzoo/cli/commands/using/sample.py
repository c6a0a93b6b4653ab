"""``ganzoo sample``: samples of a trained run as files of their kind, or as arrays."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from click.core import ParameterSource

from ganzoo.cli.flags import make_flag
from ganzoo.cli.output import counted, device_option
from ganzoo.config import build, options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import preferring, registry

if TYPE_CHECKING:
    from ganzoo.runs.generate import Drawn
    from ganzoo.variant import Variant

FILE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".npy", ".csv", ".txt"}
)
"""Of a name that somebody takes for one of a single file."""


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
        complete = bool(seen.get("out") or seen.get("help"))
        if complete and isinstance(seen.get("run"), str):
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
    help="a folder for files, or a file whose name ends in .npz",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["files", "npz"]),
    help="files: of the samples' kind, a PNG an image, a line a text or a point; npz: arrays such "
    "as `images` uint8 (n, height, width, channels) or `points` float32 (n, dimensions), and "
    "`labels` of a conditional variant  [default: as --out ends]",
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
    kind = kind or ("npz" if out.suffix == ".npz" else "files")
    if kind == "files" and out.suffix.lower() in FILE_SUFFIXES:
        raise GanzooError(f"--out {out} must be a folder, or a name ending in .npz")
    if out.exists() and (not out.is_dir() or kind == "npz" or any(out.iterdir())):
        raise GanzooError(f"{out} exists already: choose another --out")

    from ganzoo.data.sample_files import write_folder, write_npz
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
    drawn = _with_progress(generate(variant, n, seed=seed, label=label), n)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        (write_npz if kind == "npz" else write_folder)(drawn, variant.data.sample, out)
    except OSError as error:
        raise GanzooError(
            f"the samples cannot be written to {out} ({error.strerror}): choose another --out"
        ) from error
    click.echo(f"{counted(n, 'sample')}: {out}")


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
