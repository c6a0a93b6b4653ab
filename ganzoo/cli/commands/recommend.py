"""``ganzoo recommend``: which variant, and which settings, for a folder of images."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from ganzoo.cli import legible
from ganzoo.cli.flags import Number
from ganzoo.cli.images import warn
from ganzoo.cli.output import (
    device_option,
    json_option,
    make_console,
    make_table,
    pixels_option,
    print_json,
    saying,
)
from ganzoo.errors import counted, lasting
from ganzoo.plugins.registry import registry

if TYPE_CHECKING:
    from ganzoo.bench.recommend import Photos, Trial

EVALUATIONS = 20
"""In a training."""


@click.command("recommend", epilog="Example: ganzoo recommend PHOTOS --hours 3")
@click.argument("photos", metavar="PHOTOS", type=click.Path(path_type=Path))
@click.option(
    "--hours",
    type=Number(0, min_open=True),
    default=10.0,
    show_default=True,
    help="that the training may take",
)
@pixels_option("their files")
@device_option("where to train")
@json_option
def command(photos: Path, hours: float, pixels: str | None, device: str, as_json: bool) -> None:
    """Say which variant suits the images in the folder PHOTOS, how long it takes here, and why.

    Variants declare how many images they are for. Those that suit are tried for a few steps, in
    ever larger sizes.
    """
    from ganzoo.bench.recommend import (
        best,
        by_class,
        candidates,
        least_by_class,
        look_at,
        soon,
        trials,
        why_side,
    )

    with saying() as show:
        show("looking at the images")
        found = look_at(photos, warn, pixels)
        tried = [*trials(found, candidates(found), hours, device, show)]
    chosen = best(tried, hours)
    line = training(found, chosen, device)
    labelled = by_class(found, chosen.side)
    side = why_side(found, tried, chosen, hours)
    first = soon(tried, chosen)
    quick = training(found, first, device, whole=False) if first else None
    otherwise = replace(found, keeps=not found.keeps)
    other = training(otherwise, chosen, device) if found.keeping else None
    if as_json:
        print_json(
            {
                "images": found.count,
                "side": found.side,
                "tried": [_row(trial) for trial in tried],
                "recommended": _row(chosen),
                "why": _why(chosen),
                "why_side": side,
                "command": line,
                "first_results": quick,
                "otherwise": other,
                "by_class": labelled and training(found, labelled, device),
            }
        )
    else:
        _print(found, tried, chosen, hours, line, side)
        if first and quick:
            told = f"{first.steps:,} steps with {first.side} pixels a side"
            click.echo(f"\nFirst results in about {lasting(3600 * first.hours)}, of {told}:\n")
            click.echo(legible(f"  {quick}"))
        if other:
            way = "on white" if found.keeps else "kept, which else lies on white"
            click.echo(f"\nOr, with what is transparent {way}:\n")
            click.echo(legible(f"  {other}"))
        if labelled:
            classes = counted(found.data.classes, "class")
            click.echo(
                f"\nThe images have labels, of {classes}: for samples of a class that one asks "
                f"for, {labelled.variant}, {_why(labelled)} (it was not tried)\n"
            )
            click.echo(f"  {training(found, labelled, device)}")
        elif least := least_by_class(found):
            classes = counted(found.data.classes, "class")
            click.echo(
                f"\nThe images have labels, of {classes}; {least[0]} draws samples of a class that "
                f"one asks for, and is for {least[1]:,} images and more"
            )


def training(photos: Photos, chosen: Trial, device: str = "auto", *, whole: bool = True) -> str:
    """What the user types; not `whole`: for as many steps as a trial says, and not evaluated."""
    words = ["ganzoo", "train", chosen.variant, "--dataset", "folder"]
    words += ["--data-root", str(photos.folder), "--image-size", str(chosen.side), "--flip"]
    words += [] if photos.pixels is None else ["--pixels", photos.pixels]
    words += [] if device == "auto" else ["--device", device]
    if whole:
        words += ["--evaluate-every", str(max(1, chosen.steps // EVALUATIONS))]
    else:
        words += ["--steps", str(chosen.steps)]
    return shlex.join(words)


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "variant": trial.variant,
        "image_size": trial.side,
        "batch_size": trial.batch_size,
        "steps": trial.steps,
        "seconds_a_step": trial.seconds,
        "hours": trial.hours,
        "memory": trial.memory,
    }


def _why(trial: Trial) -> str:
    advice = registry().variant(trial.variant).spec.advice
    return "" if advice is None else advice.why


def _print(
    photos: Photos, tried: list[Trial], chosen: Trial, hours: float, line: str, side: str
) -> None:
    console = make_console()
    images = f"{counted(photos.count, 'image')} to train on"
    console.print(f"{images}; the shorter side of the middle one has {photos.side:,} pixels")
    if photos.keeps:
        console.print("most are transparent in places, which --pixels rgba keeps", soft_wrap=True)
    table = make_table("variant", "pixels", "batch", "steps", "takes", "memory")
    for trial in tried:
        table.add_row(
            trial.variant,
            str(trial.side),
            str(trial.batch_size),
            f"{trial.steps:,}",
            lasting(3600 * trial.hours),
            f"{trial.memory / 1e6:,.0f} MB",
        )
    console.print()
    console.print(table)
    console.print()
    console.print(f"{chosen.variant}, {_why(chosen)}", soft_wrap=True)
    console.print(side, soft_wrap=True)
    if chosen.hours > hours:
        console.print(
            f"It takes longer than {hours:g} hours, however small the images are: a GPU, or fewer "
            "--steps, would help",
            soft_wrap=True,
        )
    takes = lasting(3600 * chosen.hours)
    console.print()
    judge = (
        ", nor the minutes in which a classifier of your classes is trained first, once, to judge "
        "samples by (--features photos needs none)"
    )
    besides = f"evaluations not counted{judge if photos.data.classes else ''}"
    console.print(f"It takes about {takes} here, {besides}:", soft_wrap=True)
    console.print()
    console.print(f"  {line}", soft_wrap=True)
    console.print()
    console.print("Leave out --flip where left and right differ, as in letters", soft_wrap=True)
