"""``ganzoo runs``: the runs in a folder."""

from collections.abc import Sequence
from pathlib import Path

import click

from ganzoo.cli import legible
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows, remark
from ganzoo.errors import GanzooError, counted, typed

INTERRUPTED = "killed", "stopped", "crashed"
"""The states of a run that was not at its end."""


@click.command("runs", cls=QuickCommand, epilog="Example: ganzoo runs --json")
@click.argument("folders", metavar="[DIR]...", type=click.Path(path_type=Path), nargs=-1)
@json_option
def command(folders: tuple[Path, ...], as_json: bool) -> None:
    """List the runs in each folder DIR (default: runs), and how far they are.

    A sweep is such a folder.
    """
    from ganzoo.cli.onward import resume_command
    from ganzoo.runs import checkpoint
    from ganzoo.runs.run import find_runs
    from ganzoo.sweeps.plan import waiting

    for folder in folders:
        if not folder.is_dir():
            raise GanzooError(f"there is no folder {folder}: name one that holds run directories")
    places = folders or (Path("runs"),)
    runs = [run for place in places for run in find_runs(place, remark)]
    rows = [
        {
            "path": str(run.path),
            "variant": run.settings["variant"]["name"],
            "data": run.settings["data"]["name"],
            "step": run.reached,
            "steps": run.settings["training"].get("steps"),
            "state": run.state,
            "created": run.settings.get("created"),
        }
        for run in runs
    ]
    onward = [
        {"path": row["path"], "resume": resume_command(run)}
        for row, run in zip(rows, runs, strict=True)
        if row["state"] in INTERRUPTED and checkpoint.latest(run.checkpoints) is not None
    ]
    if as_json:
        commands = {row["path"]: row["resume"] for row in onward}
        print_json([row | {"resume": commands.get(row["path"])} for row in rows])
    elif rows:
        columns = ("path", "variant", "data", "step", "steps", "state", "created")
        print_rows(rows, columns)
        swept = {place: names for place in places if (names := waiting(place)) is not None}
        stops = [(Path(str(row["path"])).parent, row["resume"]) for row in onward]
        for place, resume in stops:
            if place not in swept:
                click.echo(legible(f"go on with: {resume}"))
        for place, names in swept.items():
            stopped = sum(parent == place for parent, _ in stops)
            if stopped or names:
                said = f"{place} is a sweep with {counted(stopped + len(names), 'run')} to finish"
                click.echo(legible(f"{said}: go on with the `ganzoo sweep` command that began it"))
    else:
        where = " or ".join(map(str, places))
        inside = _inside(places)
        one = "" if inside else ": `ganzoo train VARIANT` makes one"
        click.echo(legible(f"no runs in {where}{' itself' if inside else ' yet'}{one}"))
    if not as_json:
        _print_others(places, asked=bool(folders))


def _inside(places: Sequence[Path]) -> list[Path]:
    """Folders in these that hold runs, such as those of sweeps."""
    return sorted({run.parent.parent for place in places for run in place.glob("*/*/run.json")})


def _print_others(places: Sequence[Path], *, asked: bool) -> None:
    """Say where else there are runs, and how they are listed."""
    inside = _inside(places)
    if inside:
        more = f" and {len(inside) - 1} more folders in it" if inside[1:] else ""
        command = f"`ganzoo runs {typed(inside[0])}`"
        click.echo(legible(f"{inside[0]}{more} has runs of its own: {command}"))
    elif not asked:
        click.echo("these are the runs in the folder runs: `ganzoo runs DIR...` lists others")
