"""``ganzoo export``: a trained network for those who do not have ganzoo."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import legible
from ganzoo.cli.flags import RUN, Number
from ganzoo.cli.images import controls_option, parsed
from ganzoo.cli.output import QuickCommand, json_option, print_json, saying

FORMATS = ("onnx", "torch", "safetensors", "huggingface")


@click.command(
    "export", cls=QuickCommand, epilog="Example: ganzoo export RUN --format onnx --out digits"
)
@click.argument("run", metavar="RUN", type=RUN)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    required=True,
    help="onnx: for other programs and languages; torch: a program that torch alone runs; "
    "safetensors: weights alone; huggingface: a folder for that hub",
)
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), required=True, help="a new folder"
)
@click.option(
    "--checkpoint",
    metavar="WHICH",
    default="last",
    show_default=True,
    help="last, best (of a training with --evaluate-every) or a step",
)
@click.option(
    "--truncation",
    metavar="NUMBER",
    type=Number(0),
    default=1.0,
    show_default=True,
    help="ψ, as of `ganzoo sample`, which becomes a part of the network",
)
@controls_option(", and becomes a part of the network")
@json_option
def command(
    run: Path,
    form: str,
    out: Path,
    checkpoint: str,
    truncation: float,
    controls: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write the trained networks of RUN for those who do not have ganzoo.

    Those are written that draw samples, and that translate, enlarge, restore, encode or classify
    images. Each is opened again and compared with the original. A README has code that uses it, and
    says what it was trained on and how good it is.
    """
    from ganzoo.export.go import export

    asked = parsed(controls)
    with saying() as show:
        found = export(run, form, out, checkpoint, show, truncation, asked)
    if as_json:
        print_json({"folder": str(out), "files": dict(found.files), "worst": found.worst})
        return
    for name, what in found.files.items():
        click.echo(legible(f"{out / name}: {what}"))
    click.echo(f"opened again and compared: no number differs by more than {found.worst:.1g}")
