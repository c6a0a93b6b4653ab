"""``ganzoo new``: the project of a plugin that works as it is written."""

import shlex
from pathlib import Path

import click

from ganzoo.cli.output import QuickCommand
from ganzoo.plugins.scaffold import TEMPLATES, module_name, write_plugin

TRY = {"variant": "{name}", "dataset": "dcgan --dataset {name}", "loss": "dcgan --loss {name}"}
"""How each kind is trained."""


@click.command("new", cls=QuickCommand, epilog="Example: ganzoo new lsgan")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice([*TEMPLATES]),
    default="variant",
    show_default=True,
    help="what the plugin offers",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="where the folder ganzoo-NAME is made (default: here)",
)
def command(name: str, kind: str, folder: Path) -> None:
    """Write a plugin package that offers NAME: it installs, passes its tests and trains."""
    name = name.removeprefix("ganzoo-")
    project = write_plugin(kind, name, folder)
    path = shlex.quote(str(project))
    click.echo(f"wrote {project}")
    for file in sorted(file for file in project.rglob("*") if file.is_file()):
        click.echo(f"  {file.relative_to(project)}")
    click.echo(f"\nbegin with {project / module_name(name) / kind}.py, or try it as it is:")
    click.echo(f"  pip install -e {path}")
    click.echo(f"  ganzoo check {name}")
    click.echo(f"  ganzoo train {TRY[kind].format(name=name)}")
    click.echo(f"  python -m pytest {path}")
    if kind == "variant":
        click.echo(f"  ganzoo reproduce {name}")
    click.echo("\nbefore you publish it, say in README.md what its TODOs ask for")
