"""``ganzoo runs``: the runs in a folder."""

from pathlib import Path

import click

from ganzoo.cli import legible
from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows
from ganzoo.errors import GanzooError

INTERRUPTED = "killed", "stopped", "crashed"
"""The states of a run that was not at its end."""


@click.command("runs", cls=QuickCommand, epilog="Example: ganzoo runs --json")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """List the runs in DIR (default: runs) and how far they are."""
    from ganzoo.cli.onward import resume_command
    from ganzoo.runs import checkpoint
    from ganzoo.runs.run import find_runs

    if folder is not None and not folder.is_dir():
        raise GanzooError(f"there is no folder {folder}: name one that holds run directories")
    where = folder or Path("runs")
    runs = find_runs(where, _warn)
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
        for row in onward:
            click.echo(legible(f"go on with: {row['resume']}"))
    else:
        click.echo(f"no runs in {where} yet: `ganzoo train VARIANT` makes one")


def _warn(message: str) -> None:
    click.echo(legible(message), err=True)
