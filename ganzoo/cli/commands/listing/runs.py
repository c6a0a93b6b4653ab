"""``ganzoo runs``: the runs in a folder."""

from functools import partial
from pathlib import Path

import click

from ganzoo.cli.output import QuickCommand, json_option, print_json, print_rows
from ganzoo.errors import GanzooError


@click.command("runs", cls=QuickCommand, epilog="Example: ganzoo runs --json")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@json_option
def command(folder: Path | None, as_json: bool) -> None:
    """List the runs in DIR (default: runs) and how far they are."""
    from ganzoo.runs.run import find_runs

    if folder is not None and not folder.is_dir():
        raise GanzooError(f"there is no folder {folder}: name one that holds run directories")
    where = folder or Path("runs")
    rows = [
        {
            "path": str(run.path),
            "variant": run.settings["variant"]["name"],
            "data": run.settings["data"]["name"],
            "step": run.step,
            "steps": run.settings["training"].get("steps"),
            "state": run.state,
            "created": run.settings.get("created"),
        }
        for run in find_runs(where, partial(click.echo, err=True))
    ]
    if as_json:
        print_json(rows)
    elif rows:
        columns = ("path", "variant", "data", "step", "steps", "state", "created")
        print_rows(rows, columns)
    else:
        click.echo(f"no runs in {where} yet: `ganzoo train VARIANT` makes one")
